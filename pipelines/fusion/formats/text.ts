import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { systemCode } from '../../../src/errors.ts';
import { asBadFile } from './bad-file.ts';

export interface ReadOptions {
  signal?: AbortSignal;
  /**
   * For a file that a tool may still be writing: whether it is. Reading then waits for more at the file's end. The name
   * decides whether it is gzip, since the file may still be empty.
   */
  growing?: () => boolean;
}

const CHUNK_BYTES = 1024 * 1024;
/** Poll interval for a growing file: long enough to cost nothing, short enough to add no delay. */
const GROWTH_POLL_MS = 100;

/** Chunks of a text file, gunzipped if it is gzip. Never more than a few MiB in memory. */
export async function* textChunks(path: string, options: ReadOptions = {}): AsyncGenerator<Buffer> {
  const source = options.growing ? Readable.from(growingChunks(path, options.growing)) : wholeFile(path);
  const isGzip = options.growing ? path.endsWith('.gz') : startsWithGzip(path);
  const stream = isGzip ? pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : source;
  try {
    for await (const chunk of stream) {
      options.signal?.throwIfAborted();
      yield chunk as Buffer;
    }
  } catch (error) {
    throw asBadFile(path, error);
  }
}

/**
 * Lines of a text file in batches, without their ends (LF or CRLF). A last line without an end counts as a line.
 * @throws BadFile for gzip that is damaged or truncated.
 */
export async function* lineBatches(path: string, options: ReadOptions = {}): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of textChunks(path, options)) {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      rest = Buffer.concat([rest, chunk]);
      continue;
    }
    yield splitLines(Buffer.concat([rest, chunk.subarray(0, end)]));
    rest = Buffer.from(chunk.subarray(end + 1));
  }
  if (rest.length > 0) yield splitLines(rest);
}

function splitLines(bytes: Buffer): string[] {
  const text = bytes.toString('utf8');
  return text.includes('\r') ? text.split('\n').map((line) => line.replace(/\r$/, '')) : text.split('\n');
}

/** The buffer is no larger than the file: a gather reads 20,000 small files. */
function wholeFile(path: string): Readable {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return createReadStream(path, { highWaterMark: size === 0 ? CHUNK_BYTES : Math.min(CHUNK_BYTES, size) });
}

/** RFC 1952: a gzip file begins with these two bytes. */
function startsWithGzip(path: string): boolean {
  const bytes = firstBytes(path, 2);
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes of a file, fewer if it is shorter. */
export function firstBytes(path: string, count: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(count);
    return buffer.subarray(0, readSync(file, buffer, 0, count, 0));
  } finally {
    closeSync(file);
  }
}

/** One buffer for all reads: a new one for each poll would keep the garbage collector busy. */
async function* growingChunks(path: string, isGrowing: () => boolean): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let file: FileHandle | undefined;
  try {
    for (;;) {
      // Checked before reading, so that anything written after the check is still read.
      const mayGrow = isGrowing();
      file ??= await openIfThere(path);
      for (let count = await readNext(file, buffer); count > 0; count = await readNext(file, buffer)) {
        yield Buffer.from(buffer.subarray(0, count));
      }
      if (!mayGrow) return;
      await sleep(GROWTH_POLL_MS);
    }
  } finally {
    await file?.close();
  }
}

async function readNext(file: FileHandle | undefined, buffer: Buffer): Promise<number> {
  return file ? (await file.read(buffer, 0, buffer.length)).bytesRead : 0;
}

/** `undefined` as long as the tool has not created the file. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
