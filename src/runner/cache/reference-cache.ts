import { chmodSync, readFileSync, renameSync, rmSync, statfsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hash } from 'node:crypto';
import { PipelineError } from '../../errors.ts';
import { hashFile } from '../../store/hash-file.ts';
import type { Located } from '../../store/open-store.ts';
import type { ObjectInfo } from '../../store/store.ts';
import { parseSize } from '../../pipeline/resources.ts';
import { type CacheFolder, openCacheFolder } from './cache-folder.ts';
import { CacheUnusable, unusableIfLocal } from './cache-unusable.ts';
import { type Lock, takeLock } from './flock.ts';
import { makeRoom } from './make-room.ts';

/** A file of the cache that stays until it is released. */
export interface HeldEntry extends Lock {
  /** Read-only. */
  path: string;
  sha256: string;
  /** True if it was transferred for this. */
  fetched: boolean;
}

/** Inputs that tasks of one machine share, fetched once for all of them. */
export interface ReferenceCache {
  /**
   * Finds the input, or fetches it while others wait. Its checksum is verified each time.
   * @throws CacheUnusable where it must be staged without the cache; otherwise what the store throws
   */
  hold(input: SharedInput & { located: Located }, signal: AbortSignal): Promise<HeldEntry>;
}

/** Where the cache is, and how large it may be. */
export interface CacheSettings {
  folder: string;
  limit: string | undefined;
}

/**
 * The cache in a folder that must exist; see `openCacheFolder` for what is in it. docs/adr/0011 describes the locking.
 */
export function openReferenceCache(settings: CacheSettings): ReferenceCache {
  return {
    async hold(input, signal) {
      try {
        const limit = cacheLimit(settings.folder, settings.limit);
        if (input.size > limit) throw new CacheUnusable(`${input.location} is larger than the cache limit`);
        const folder = openCacheFolder(settings.folder);
        return await hold({ folder, limit, input, id: entryId(input), signal });
      } catch (error) {
        throw unusableIfLocal(error);
      }
    },
  };
}

interface Request {
  folder: CacheFolder;
  limit: number;
  input: SharedInput & { located: Located };
  id: string;
  signal: AbortSignal;
}

/** The first line protects the entry from eviction, so that every waiting task gets it. */
async function hold(request: Request): Promise<HeldEntry> {
  const { folder, id, signal } = request;
  const use = await takeLock(folder.usePath(id), 'shared', signal);
  try {
    return { ...(await verifiedOrFetched(request)), path: folder.entryPath(id), release: () => use.release() };
  } catch (error) {
    use.release();
    throw error;
  }
}

/** Others may fetch meanwhile, so a bad entry is checked again once it is another file. */
async function verifiedOrFetched(request: Request): Promise<Pick<HeldEntry, 'sha256' | 'fetched'>> {
  const { folder, id, signal } = request;
  for (;;) {
    const seen = inode(folder, id);
    const sha256 = seen === undefined ? undefined : await verified(request);
    if (sha256 !== undefined) return { sha256, fetched: false };
    const fetching = await takeLock(folder.lockPath(`${id}.fetch`), 'exclusive', signal);
    try {
      if (inode(folder, id) === seen) return { sha256: await fetchEntry(request), fetched: true };
    } finally {
      fetching.release();
    }
  }
}

function inode(folder: CacheFolder, id: string): number | undefined {
  return statSync(folder.entryPath(id), { throwIfNoEntry: false })?.ino;
}

/** The entry's checksum, if it is correct. */
async function verified({ folder, id, input, signal }: Request): Promise<string | undefined> {
  const path = folder.entryPath(id);
  if (statSync(path, { throwIfNoEntry: false })?.size !== input.size) return undefined;
  const expected = input.sha256 ?? readSum(folder.sumPath(id));
  if (expected === undefined || (await hashFile(path, signal)) !== expected) return undefined;
  touch(folder.usePath(id));
  return expected;
}

function readSum(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The time of last use. Never set on the entry itself: a task that uses it would take a new time for a changed input.
 * Fails on another user's file, which is then merely evicted earlier.
 */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // See above.
  }
}

async function fetchEntry({ folder, limit, input, id, signal }: Request): Promise<string> {
  const incoming = await makeRoom(folder, { id, size: input.size, limit }, signal);
  try {
    const path = join(incoming, 'file');
    const { store, key } = input.located;
    const info = await store.getFile(key, path, { signal, ...(input.sha256 ? { sha256: input.sha256 } : {}) });
    refuseOther(input, info);
    const sha256 = input.sha256 ?? (await hashFile(path, signal));
    if (!input.sha256) {
      writeFileSync(join(incoming, 'sum'), sha256);
      renameSync(join(incoming, 'sum'), folder.sumPath(id));
    }
    chmodSync(path, 0o444);
    renameSync(path, folder.entryPath(id));
    return sha256;
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}

/** Replaced in the store since it was checked: it must never be found under this name. */
function refuseOther({ location, size, sha256, etag }: SharedInput, info: ObjectInfo): void {
  if (info.size === size && (sha256 !== undefined || info.etag === etag)) return;
  throw new PipelineError({
    code: 'input-changed',
    message: `${location} was replaced while it was read`,
    hint: 'Start the run again: it plans with the file as it is now.',
  });
}

/** The other half is for the outputs of tasks, which are on the same disk of an instance. */
const SHARE_OF_DISK = 0.5;
const MEBIBYTE = 1024 * 1024;

/**
 * Limit in bytes for all entries together: the user's setting, or half of the disk.
 * @throws PipelineError `task-environment` if it is not a size
 */
function cacheLimit(folder: string, limit: string | undefined): number {
  if (!limit) {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize * SHARE_OF_DISK;
  }
  const mebibytes = parseSize(limit);
  if (mebibytes !== undefined) return mebibytes * MEBIBYTE;
  throw new PipelineError({
    code: 'task-environment',
    message: `BATCH_PIPELINE_CACHE_LIMIT is "${limit}", which is not a size`,
    hint: 'Give it like 50 GB, or omit it for half of the disk.',
  });
}

/** An input that several tasks need. */
export interface SharedInput {
  /** URL. */
  location: string;
  /** Bytes. */
  size: number;
  sha256?: string | undefined;
  /** Of the intended version, where no checksum is known. */
  etag?: string | undefined;
}

const MAX_NAME = 100;

/**
 * Names the entry: by its content, or by the version of the object where no checksum is known. The file's own name
 * follows, since some tools resolve links and then check the extension.
 */
function entryId({ location, size, sha256, etag }: SharedInput): string {
  const name = basename(location)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(-MAX_NAME);
  return `${sha256 ?? `v-${hash('sha256', [location, etag, size].join('\0'))}`}.${name}`;
}
