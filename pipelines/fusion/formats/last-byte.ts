import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The last bytes of a file as text; fewer if it is shorter. */
export function lastBytes(path: string, count: number): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(count, size));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('latin1');
  } finally {
    closeSync(file);
  }
}

/** The last byte of a file as text; empty for an empty file. */
export function lastByte(path: string): string {
  return lastBytes(path, 1);
}
