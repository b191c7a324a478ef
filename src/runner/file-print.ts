import { type BigIntStats, statSync } from 'node:fs';

/** Tells whether a file in scratch is still the same, without a look into it; empty where there is none. Links are followed. */
export function filePrint(path: string): string {
  return printOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
}

/** The same for a file that may lie on the network, where a mount or a lookup can change device and inode. */
export function remotePrint(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.size}:${stats.mtimeNs}` : '';
}

export function printOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}` : '';
}
