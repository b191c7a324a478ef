import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import type { CacheEntry, CacheFolder, Incoming } from './cache-folder.ts';
import { CacheUnusable } from './cache-unusable.ts';
import { runIfFree, takeLock } from './flock.ts';

/**
 * Reserves space for an entry of `size` bytes; the caller holds its fetch lock and downloads into the returned folder.
 * Removes unfinished downloads of dead processes, and evicts unused entries, least recently used first.
 * @throws CacheUnusable if there is not enough to evict
 */
export async function makeRoom(
  folder: CacheFolder,
  { id, size, limit }: { id: string; size: number; limit: number },
  signal: AbortSignal,
): Promise<string> {
  const lock = await takeLock(folder.lockPath('room'), 'exclusive', signal);
  try {
    for (const begun of folder.incoming()) {
      if (begun.id === id) rmSync(begun.path, { recursive: true, force: true });
      else await runIfFree(folder.lockPath(`${begun.id}.fetch`), ['rm', '-rf', begun.path]);
    }
    await evict(folder, { id, size, limit });
    const path = folder.incomingPath(id, size);
    mkdirSync(path);
    return path;
  } finally {
    lock.release();
  }
}

async function evict(folder: CacheFolder, wanted: { id: string; size: number; limit: number }): Promise<void> {
  const { bavail, bsize } = statfsSync(folder.root);
  const found = { entries: folder.entries(), incoming: folder.incoming(), free: bavail * bsize };
  const { needed, victims } = planRoom({ ...wanted, ...found });
  let freed = 0;
  for (const { id, size } of victims) {
    if (freed >= needed) return;
    const gone = ['rm', '-f', folder.entryPath(id), folder.sumPath(id)];
    if (await runIfFree(folder.usePath(id), gone)) freed += size;
  }
  if (freed < needed) throw new CacheUnusable('what lies in it is in use, and leaves no room');
}

export interface RoomRequest {
  /** The new entry; an older one of the same name will be replaced. */
  id: string;
  /** In bytes, like all of these. */
  size: number;
  entries: readonly CacheEntry[];
  /** Of downloads of other processes. */
  incoming: readonly Pick<Incoming, 'size'>[];
  /** For all entries together. */
  limit: number;
  /** Of the disk. */
  free: number;
}

/** How many bytes must be freed, and the entries that may be evicted, least recently used first. */
function planRoom({ id, size, entries, incoming, limit, free }: RoomRequest): {
  needed: number;
  victims: CacheEntry[];
} {
  const others = entries.filter((entry) => entry.id !== id);
  const coming = size + sum(incoming);
  const needed = Math.max(0, sum(others) + coming - limit, coming - free);
  return { needed, victims: others.toSorted((a, b) => a.usedAt - b.usedAt) };
}

function sum(sized: readonly { size: number }[]): number {
  return sized.reduce((total, { size }) => total + size, 0);
}
