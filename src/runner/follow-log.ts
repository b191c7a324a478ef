import { closeSync, openSync, readSync } from 'node:fs';

/** Milliseconds between reads of the file. */
const LOOK_MS = 500;
const CHUNK_BYTES = 64 * 1024;

/**
 * Copies a file that others append to, as it grows: so that what tools print can be watched where the engine collects
 * the output of its jobs. The function that it returns copies the rest and ends it.
 */
export function followLog(path: string, write: (chunk: Buffer) => void): () => void {
  let position = 0;
  const copy = (): void => {
    const file = openIfThere(path);
    if (file === undefined) return;
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
        const length = readSync(file, chunk, 0, CHUNK_BYTES, position);
        if (length === 0) return;
        position += length;
        write(chunk.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
  };
  const timer = setInterval(copy, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    copy();
  };
}

/** The file is created with its first line. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
