import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../../errors.ts';
import type { ObjectInfo, TransferOptions } from '../store.ts';
import { checksumMismatch, isAbort, localFileError, objectNotFound } from '../store-errors.ts';
import { backoffMs } from '../../aws/retry.ts';
import { type S3Bucket, urlOf } from './s3-bucket.ts';
import { base64Crc32 } from './s3-multipart.ts';
import { headObject, type ObjectRange, openRange, type S3Head } from './s3-objects.ts';
import type { Slots } from './slots.ts';
import { s3Error } from './s3-error.ts';

const MiB = 1024 * 1024;
/** Bytes per request: large compared with the time to first byte, small enough to split a 100 MB file. */
const RANGE_BYTES = 16 * MiB;
/** Bytes buffered per write, since every write is a round trip through the thread pool. */
const WRITE_BYTES = MiB;
const CHECK_BYTES = 4 * MiB;

/**
 * Downloads an object in parallel ranges and renames it to `path` once it is complete and verified against the given
 * SHA-256, else against the server's CRC-32. Verification runs close behind the download.
 */
export async function downloadFile(
  bucket: S3Bucket,
  slots: Slots,
  { key, path }: { key: string; path: string },
  { sha256, signal }: TransferOptions = {},
): Promise<ObjectInfo> {
  signal?.throwIfAborted();
  const head = await headObject(bucket, key, signal);
  if (!head) throw objectNotFound(urlOf(bucket, key));
  const unfinished = `${path}.part-${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await fetchAndCheck(bucket, slots, head, unfinished, { ...(sha256 && { sha256 }), ...(signal && { signal }) });
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error instanceof PipelineError || isAbort(error) ? error : localFileError(error, path);
  }
  const { size, etag, modified } = head;
  return { key, size, etag, modified };
}

async function fetchAndCheck(
  bucket: S3Bucket,
  slots: Slots,
  head: S3Head,
  path: string,
  { sha256, signal: asked }: TransferOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = asked ? AbortSignal.any([stop.signal, asked]) : stop.signal;
  await using file = await open(path, 'wx+');
  let turn = Promise.resolve();
  const fetched = rangesOf(head.size).map(async ({ start, end }) => {
    // Acquired one by one: the ranges of a large object must not fill the queue ahead of those of a small one.
    const granted = turn.then(() => slots.acquire());
    turn = granted.then(() => undefined);
    const slot = await granted;
    try {
      signal.throwIfAborted();
      await fetchRange(bucket, file, head, { start, end }, signal);
      return end;
    } finally {
      slot.release();
    }
  });
  // The first failure stops the others, even if `check` has not reached it yet.
  for (const range of fetched) range.catch((error: unknown) => stop.abort(error));
  try {
    await check(file, fetched, head, urlOf(bucket, head.key), sha256);
  } catch (error) {
    stop.abort(error);
    // Nothing may write to the file once it is closed.
    await Promise.allSettled(fetched);
    throw stop.signal.reason;
  }
}

function rangesOf(size: number): { start: number; end: number }[] {
  const count = Math.ceil(size / RANGE_BYTES);
  return Array.from({ length: count }, (_, i) => ({
    start: i * RANGE_BYTES,
    end: Math.min(size, (i + 1) * RANGE_BYTES),
  }));
}

async function fetchRange(
  bucket: S3Bucket,
  file: FileHandle,
  { key, etag }: S3Head,
  { start, end }: { start: number; end: number },
  signal: AbortSignal,
): Promise<void> {
  let position = start;
  let gathered: Buffer[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    await file.writev(gathered, position);
    position += length;
    [gathered, length] = [[], 0];
  };
  for await (const chunk of readRange(bucket, key, { etag, start, end }, signal)) {
    gathered.push(chunk);
    length += chunk.length;
    if (length >= WRITE_BYTES) await flush();
  }
  if (length > 0) await flush();
}

/** Reads back each range once it and all earlier ones are written, while later ones are still downloading. */
async function check(
  file: FileHandle,
  fetched: readonly Promise<number>[],
  head: S3Head,
  where: string,
  sha256: string | undefined,
): Promise<void> {
  const hash = createHash('sha256');
  let sum = 0;
  let position = 0;
  const buffer = Buffer.allocUnsafe(Math.min(CHECK_BYTES, head.size));
  for (const range of fetched) {
    for (const end = await range; position < end;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - position), position);
      const piece = buffer.subarray(0, bytesRead);
      if (sha256) hash.update(piece);
      else sum = crc32(piece, sum);
      position += bytesRead;
    }
  }
  const actual = sha256 ? hash.digest('hex') : base64Crc32(sum);
  const expected = sha256 ?? head.crc32;
  if (expected !== undefined && expected !== actual) throw checksumMismatch(where, expected, actual);
}

/** Consecutive interrupted responses without a byte in between. */
const MAX_FAILURES = 8;

/** The bytes of a range; an interrupted response is resumed where it ended. */
export async function* readRange(
  bucket: S3Bucket,
  key: string,
  range: ObjectRange,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let start = range.start;
  for (let failures = 0; start < range.end;) {
    try {
      for await (const chunk of await openRange(bucket, key, { ...range, start }, signal)) {
        start += (chunk as Buffer).length;
        failures = 0;
        yield chunk as Buffer;
      }
      if (start < range.end) failures++;
    } catch (error) {
      failures++;
      if (error instanceof PipelineError || isAbort(error) || failures >= MAX_FAILURES) {
        throw s3Error(error, urlOf(bucket, key));
      }
    }
    if (start < range.end) await sleep(backoffMs(failures, 'other'), undefined, signal ? { signal } : {});
  }
}
