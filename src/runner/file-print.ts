import { type BigIntStats, statSync } from 'node:fs';

/** Identifies a file in scratch without reading it; empty where there is none. Links are followed. */
export function filePrint(path: string): string {
  return printOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
}

/** The same for a file that may be on a network filesystem, where a mount or a lookup can change device and inode. */
export function remotePrint(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.size}:${stats.mtimeNs}` : '';
}

export function printOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}` : '';
}
