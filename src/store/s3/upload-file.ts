import { createHash, randomUUID, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { ObjectVersion, PublishOptions } from '../store.ts';
import { checksumMismatch, fileUnreadable } from '../store-errors.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { abortUpload, completeUpload, startUpload, uploadPart } from './s3-multipart.ts';
import type { Upload, UploadedPart } from './s3-multipart.ts';
import { headObject, putObject } from './s3-objects.ts';
import type { Slots } from './slots.ts';

const MiB = 1024 * 1024;
/** Parts of a file up to 160 GB. */
const PART_BYTES = 16 * MiB;
/** docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;

/** Size of the parts of a file of `size` bytes: large enough that 10,000 parts suffice, in whole MiB. */
export function partBytes(size: number): number {
  return Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS / MiB) * MiB);
}

/**
 * Uploads a file: in one request, or in parallel parts, with at most as many in memory as there are slots. It is hashed
 * on the way; nothing becomes visible if its SHA-256 differs from the given one, or on any other failure.
 *
 * Not `Upload` of the SDK's lib-storage: its abort returns while parts are still in flight and may still publish, and
 * it treats a lost response to the completion as a failure.
 */
export async function uploadFile(
  bucket: S3Bucket,
  slots: Slots,
  { key, path }: { key: string; path: string },
  options: PublishOptions = {},
): Promise<ObjectVersion> {
  options.signal?.throwIfAborted();
  await using file = await openSource(path);
  const { size } = await file.stat();
  const source: Source = { file, path, size, hash: options.sha256 === undefined ? undefined : createHash('sha256') };
  const etag =
    size <= PART_BYTES
      ? await uploadWhole(bucket, slots, key, source, options)
      : await uploadInParts(bucket, slots, key, source, options);
  return { key, size, etag };
}

interface Source {
  file: FileHandle;
  path: string;
  size: number;
  /** Hash of what was read so far, if requested: parts are read in order. */
  hash: Hash | undefined;
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw fileUnreadable(path, error);
  }
}

async function uploadWhole(
  bucket: S3Bucket,
  slots: Slots,
  key: string,
  source: Source,
  options: PublishOptions,
): Promise<string> {
  const slot = await slots.acquire();
  try {
    const body = await readPart(source, 0, slot.memory(source.size));
    verify(source, options.sha256);
    return await putObject(bucket, key, body, { ...options, writeId: randomUUID() });
  } finally {
    slot.release();
  }
}

async function uploadInParts(
  bucket: S3Bucket,
  slots: Slots,
  key: string,
  source: Source,
  options: PublishOptions,
): Promise<string> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  const writeId = randomUUID();
  const upload = await startUpload(bucket, key, { ...options, writeId, signal });
  try {
    const parts = await sendParts(bucket, slots, upload, source, { signal, stop });
    verify(source, options.sha256);
    return await publish(bucket, upload, parts, writeId);
  } catch (error) {
    // Parts that cannot be freed now are freed by the bucket's rule for incomplete uploads.
    await abortUpload(bucket, upload).catch(() => undefined);
    throw error;
  }
}

/** Reads in order, sends in parallel; returns or throws only once nothing is in flight. */
async function sendParts(
  bucket: S3Bucket,
  slots: Slots,
  upload: Upload,
  source: Source,
  { signal, stop }: { signal: AbortSignal; stop: AbortController },
): Promise<UploadedPart[]> {
  const length = partBytes(source.size);
  const sending: Promise<UploadedPart>[] = [];
  const sendNext = async (start: number): Promise<void> => {
    const slot = await slots.acquire();
    try {
      signal.throwIfAborted();
      const body = await readPart(source, start, slot.memory(Math.min(length, source.size - start)));
      const sent = uploadPart(bucket, upload, { number: start / length + 1, body }, signal).finally(() =>
        slot.release(),
      );
      sent.catch((error: unknown) => stop.abort(error));
      sending.push(sent);
    } catch (error) {
      slot.release();
      throw error;
    }
  };
  try {
    for (let start = 0; start < source.size; start += length) await sendNext(start);
    return await Promise.all(sending);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(sending);
    throw stop.signal.reason;
  }
}

async function readPart({ file, path, hash }: Source, start: number, body: Buffer): Promise<Buffer> {
  const { bytesRead } = await file.read(body, 0, body.length, start).catch((error: unknown) => {
    throw fileUnreadable(path, error);
  });
  if (bytesRead < body.length) throw fileChanged(path);
  hash?.update(body);
  return body;
}

function verify({ hash, path }: Source, expected: string | undefined): void {
  const actual = hash?.digest('hex');
  if (expected !== undefined && actual !== undefined && expected !== actual)
    throw checksumMismatch(path, expected, actual);
}

/**
 * A completion whose response was lost is sent again and then refused, since the upload no longer exists: what counts
 * is whether the object is the one that this upload created.
 */
async function publish(
  bucket: S3Bucket,
  upload: Upload,
  parts: readonly UploadedPart[],
  writeId: string,
): Promise<string> {
  try {
    return await completeUpload(bucket, upload, parts);
  } catch (error) {
    const head = await headObject(bucket, upload.key).catch(() => undefined);
    if (head?.writeId === writeId) return head.etag;
    throw error;
  }
}

function fileChanged(path: string): PipelineError {
  return new PipelineError({
    code: 'file-changed',
    message: 'The file became shorter while it was being uploaded',
    where: path,
    exitCode: ExitCode.environment,
  });
}
