import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';

/**
 * Layout of the cache:
 *
 *     references/entries/<id>           whole, verified, read-only
 *     references/sums/<id>              SHA-256 of an entry without a recorded checksum
 *     references/incoming/<id>.<bytes>  folder of a download in progress, with so many bytes reserved
 *     references/locks/<id>.use         shared: processes that use the entry; exclusive: the one that evicts it;
 *                                       its time is that of the last use
 *     references/locks/<id>.fetch       exclusive: the process that fetches it
 *     references/locks/room             exclusive: the process that makes room
 *
 * Lock files are empty and never removed: removing one that other processes have open would split the lock in two.
 */
export interface CacheFolder {
  root: string;
  /** In no order. */
  entries(): CacheEntry[];
  incoming(): Incoming[];
  entryPath(id: string): string;
  sumPath(id: string): string;
  incomingPath(id: string, bytes: number): string;
  /** The lock held while an entry is in use. */
  usePath(id: string): string;
  lockPath(name: string): string;
}

export interface CacheEntry {
  id: string;
  /** Bytes. */
  size: number;
  /** ms since the epoch. */
  usedAt: number;
}

export interface Incoming {
  id: string;
  path: string;
  /** Its final size in bytes. */
  size: number;
}

/** Opens the cache below an existing folder. Errors are those of `node:fs`. */
export function openCacheFolder(folder: string): CacheFolder {
  const root = join(folder, 'references');
  const entryPath = (id: string): string => join(root, 'entries', id);
  const usePath = (id: string): string => join(root, 'locks', `${id}.use`);
  for (const path of [root, ...['entries', 'sums', 'incoming', 'locks'].map((part) => join(root, part))])
    makeFolder(path);
  return {
    root,
    entries: () => readdirSync(join(root, 'entries')).flatMap((id) => entryOf(id, entryPath(id), usePath(id))),
    incoming: () =>
      readdirSync(join(root, 'incoming')).flatMap((name) => incomingOf(join(root, 'incoming', name), name)),
    entryPath,
    sumPath: (id) => join(root, 'sums', id),
    incomingPath: (id, bytes) => join(root, 'incoming', `${id}.${bytes}`),
    usePath,
    lockPath: (name) => join(root, 'locks', name),
  };
}

/** Not the cache's root: where that is missing, the host has no shared cache. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** Fetching counts as use. */
function entryOf(id: string, path: string, usePath: string): CacheEntry[] {
  const [entry, use] = [path, usePath].map((file) => statSync(file, { throwIfNoEntry: false }));
  return entry ? [{ id, size: entry.size, usedAt: Math.max(entry.mtimeMs, use?.mtimeMs ?? 0) }] : [];
}

function incomingOf(path: string, name: string): Incoming[] {
  const [, id = '', bytes = ''] = /^(.+)\.(\d+)$/.exec(name) ?? [];
  return id ? [{ id, path, size: Number(bytes) }] : [];
}
