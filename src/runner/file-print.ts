import { type BigIntStats, statSync } from 'node:fs';

/** Tells whether a file is still the same, without a look into it; empty where there is none. Links are followed. */
export function filePrint(path: string): string {
  return printOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
}

export function printOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}` : '';
}
