import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../errors.ts';

/** More than anyone reads; a task that prints endlessly must not fill the reader's memory. */
const MAX_LOG_BYTES = 1024 * 1024;

/** Path of a task's output. */
export function logFile(logFolder: string, jobId: string, index: number): string {
  return join(logFolder, `${jobId}_${index}.log`);
}

/**
 * The same as sbatch's `--output` pattern: `%A` and `%a` are the array and its element, `%j` a plain job, `%%` a `%`.
 */
export function logPattern(logFolder: string, size: number): string {
  return join(logFolder.replaceAll('%', '%%'), size > 1 ? '%A_%a.log' : '%j_0.log');
}

/** The end of a file; `undefined` if there is none. */
export async function readEnd(path: string, maxBytes = MAX_LOG_BYTES): Promise<string | undefined> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - maxBytes);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
