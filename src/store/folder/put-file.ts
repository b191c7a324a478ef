import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, createWriteStream, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemCode } from '../../errors.ts';
import { COPY_CHUNK_BYTES } from '../hash-file.ts';
import type { TransferOptions } from '../store.ts';
import { checksumMismatch, fileUnreadable, isAbort } from '../store-errors.ts';
import { withFolders, type TempArea } from './temp-area.ts';

/**
 * Publishes the file at `source` as `target`: moved if possible, else copied.
 *
 * A moved file is not hashed: `sha256` was computed from this very file by the caller, nothing is transferred that
 * could be damaged, and reading 30 GB again would cost a minute per sample. A copy is verified on the way. A link is
 * copied, since moving it would publish the name of a file that its owner may change.
 */
export async function putFile(
  temp: TempArea,
  source: string,
  target: string,
  options: TransferOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const stats = statSource(source);
  if (stats.isFile() && stats.nlink === 1 && moved(source, target, stats)) return;
  await copy(temp, source, target, options);
}

function statSource(source: string): Stats {
  try {
    return lstatSync(source);
  } catch (error) {
    throw fileUnreadable(source, error);
  }
}

function moved(source: string, target: string, stats: Stats): boolean {
  try {
    withFolders(target, () => renameSync(source, target));
  } catch (error) {
    if (systemCode(error) === 'EXDEV') return false;
    throw error;
  }
  makeReadOnly(target, stats.mode);
  return true;
}

async function copy(temp: TempArea, source: string, target: string, options: TransferOptions): Promise<void> {
  const unfinished = temp.newPath();
  try {
    const actual = await copyHashed(source, unfinished, options.signal);
    if (options.sha256 && options.sha256 !== actual) throw checksumMismatch(source, options.sha256, actual);
    makeReadOnly(unfinished, 0o644);
    withFolders(target, () => renameSync(unfinished, target));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

async function copyHashed(source: string, unfinished: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const input = createReadStream(source, { highWaterMark: COPY_CHUNK_BYTES });
  let unreadable: unknown;
  input.on('error', (error) => (unreadable = error));
  const output = createWriteStream(unfinished, { flags: 'wx', highWaterMark: COPY_CHUNK_BYTES });
  try {
    await pipeline(input, tap, output, signal ? { signal } : {});
  } catch (error) {
    throw unreadable === error && !isAbort(error) ? fileUnreadable(source, error) : error;
  }
  return hash.digest('hex');
}

/** `getFile` links to the object, so a tool that writes into its input would change it: the file mode prevents that. */
function makeReadOnly(path: string, mode: number): void {
  try {
    chmodSync(path, mode & 0o7555);
  } catch {
    // Another user's file, or a filesystem without modes: the protection is optional, the object is complete.
  }
}
