import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { asBadFile } from './bad-file.ts';

export interface ReadOptions {
  signal?: AbortSignal;
  /**
   * For a file that a tool is still writing: says whether it is. Reading then waits at the file's end for more.
   * The name decides whether it is gzip, since there may be nothing in it yet.
   */
  growing?: () => boolean;
}

const CHUNK_BYTES = 1024 * 1024;
/** How often a growing file is looked at: rarely enough to cost nothing, often enough to add no delay. */
const GROWTH_POLL_MS = 50;

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

function wholeFile(path: string): Readable {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
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

async function* growingChunks(path: string, isGrowing: () => boolean): AsyncGenerator<Buffer> {
  let position = 0;
  for (;;) {
    // Asked before reading: what is written after the answer is then still read.
    const mayGrow = isGrowing();
    for await (const chunk of readFrom(path, position)) {
      position += chunk.length;
      yield chunk;
    }
    if (!mayGrow) return;
    await sleep(GROWTH_POLL_MS);
  }
}

async function* readFrom(path: string, start: number): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { start, highWaterMark: CHUNK_BYTES })) yield chunk as Buffer;
  } catch (error) {
    // The tool has not made the file yet.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
