import type { CacheEntry, Incoming } from './cache-folder.ts';

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
export function planRoom({ id, size, entries, incoming, limit, free }: RoomRequest): {
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
