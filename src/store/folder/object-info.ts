import { statSync, type BigIntStats } from 'node:fs';
import type { ObjectInfo } from '../store.ts';

/**
 * Size and modification time (ns), in hex: what a copy that keeps times, a backup or another mount of the same files
 * keeps too. Two writes of equal length within one tick of the filesystem's clock (up to 10 ms) look alike.
 */
export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  const etag = [stats.size, stats.mtimeNs].map((part) => part.toString(16)).join('-');
  return { key, size: Number(stats.size), etag };
}

/** `undefined` where there is nothing, or where a link leads nowhere. Other errors are those of `node:fs`. */
export function statIfThere(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}
