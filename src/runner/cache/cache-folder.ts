import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';

/**
 * Where things lie in the cache:
 *
 *     references/entries/<id>           whole, verified, read-only
 *     references/sums/<id>              SHA-256 of an entry that nobody had told before
 *     references/incoming/<id>.<bytes>  folder of the one who fetches; room for so many bytes is taken
 *     references/locks/<id>.use         shared: whoever works with the entry; exclusive: whoever evicts it
 *     references/locks/<id>.fetch       exclusive: whoever fetches it
 *     references/locks/room             exclusive: whoever makes room
 *
 * Lock files are empty and stay: to remove one that others have open would make two locks of it.
 */
export interface CacheFolder {
  root: string;
  /** In no order. */
  entries(): CacheEntry[];
  incoming(): Incoming[];
  entryPath(id: string): string;
  sumPath(id: string): string;
  incomingPath(id: string, bytes: number): string;
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
  /** Bytes that it will have. */
  size: number;
}

/** Opens the cache below an existing folder. Errors are those of `node:fs`. */
export function openCacheFolder(folder: string): CacheFolder {
  const root = join(folder, 'references');
  for (const path of [root, ...['entries', 'sums', 'incoming', 'locks'].map((part) => join(root, part))])
    makeFolder(path);
  return {
    root,
    entries: () => readdirSync(join(root, 'entries')).flatMap((id) => entryOf(join(root, 'entries', id), id)),
    incoming: () =>
      readdirSync(join(root, 'incoming')).flatMap((name) => incomingOf(join(root, 'incoming', name), name)),
    entryPath: (id) => join(root, 'entries', id),
    sumPath: (id) => join(root, 'sums', id),
    incomingPath: (id, bytes) => join(root, 'incoming', `${id}.${bytes}`),
    lockPath: (name) => join(root, 'locks', name),
  };
}

/** Not the cache's own folder: where that is missing, the host has none to share. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function entryOf(path: string, id: string): CacheEntry[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? [{ id, size: stats.size, usedAt: stats.mtimeMs }] : [];
}

function incomingOf(path: string, name: string): Incoming[] {
  const [, id = '', bytes = ''] = /^(.+)\.(\d+)$/.exec(name) ?? [];
  return id ? [{ id, path, size: Number(bytes) }] : [];
}
