import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type GetObjectCommandOutput,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { ObjectInfo } from '../store.ts';
import { backoffMs } from '../../aws/retry.ts';
import { ask, urlOf, type S3Bucket } from './s3-bucket.ts';
import { isNamed, statusOf } from '../../aws/failure.ts';
import { s3Error } from './s3-error.ts';

/** What HeadObject returns about an object. */
export interface S3Head extends ObjectInfo {
  /** Base64 CRC-32 of the whole content, if the server knows it. */
  crc32: string | undefined;
  /** Id of the write that created the object, if it was one of ours. */
  writeId: string | undefined;
}

/** Header `x-amz-meta-batch-pipeline-write`: distinguishes our writes from others' after a lost response. */
export const WRITE_ID = 'batch-pipeline-write';

/** Attempts at reading a small object's body after interruptions; the request itself is retried by the client. */
const MAX_BODY_TRIES = 6;

const ABSENT = Symbol('absent');

/** `undefined` if there is no such object. */
export async function headObject(bucket: S3Bucket, key: string, signal?: AbortSignal): Promise<S3Head | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key, ChecksumMode: 'ENABLED' });
  const output = await ask(bucket, key, () => bucket.client.send(command, aborting(signal)), absent);
  return output === ABSENT ? undefined : headOf(key, output);
}

function headOf(key: string, output: HeadObjectCommandOutput): S3Head {
  const { ContentLength = 0, ETag, ChecksumCRC32, LastModified, Metadata } = output;
  // A checksum of checksums of parts ends in "-" and their number.
  const crc32 = ChecksumCRC32?.includes('-') ? undefined : ChecksumCRC32;
  const modified = wholeSeconds(LastModified);
  return { key, size: ContentLength, etag: plainEtag(ETag), modified, crc32, writeId: Metadata?.[WRITE_ID] };
}

/** A small object, whole, verified against its checksum; `undefined` if there is none. */
export async function readObject(bucket: S3Bucket, key: string): Promise<Uint8Array | undefined> {
  for (let failures = 1; ; failures++) {
    const command = new GetObjectCommand({ Bucket: bucket.name, Key: key, ChecksumMode: 'ENABLED' });
    const output = await ask(bucket, key, () => bucket.client.send(command), absent);
    if (output === ABSENT) return undefined;
    try {
      return (await output.Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      if (failures === MAX_BODY_TRIES) throw s3Error(error, urlOf(bucket, key));
      await sleep(backoffMs(failures, 'other'));
    }
  }
}

/** A byte range of one version of an object. */
export interface ObjectRange {
  etag: string;
  start: number;
  /** Exclusive. */
  end: number;
}

/** @throws PipelineError `object-changed` if that version is no longer there. */
export async function openRange(
  bucket: S3Bucket,
  key: string,
  { etag, start, end }: ObjectRange,
  signal?: AbortSignal,
): Promise<Readable> {
  const range = { Range: `bytes=${start}-${end - 1}`, IfMatch: `"${etag}"` };
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key, ...range });
  const request = () => bucket.client.send(command, aborting(signal));
  const output = await ask<GetObjectCommandOutput>(bucket, key, request, (error) => {
    if (statusOf(error) === 412 || absent(error)) throw objectChanged(bucket, key);
    return undefined;
  });
  return output.Body as Readable;
}

function objectChanged(bucket: S3Bucket, key: string): PipelineError {
  return new PipelineError({
    code: 'object-changed',
    message: 'The object was replaced or removed while it was read',
    where: urlOf(bucket, key),
    exitCode: ExitCode.environment,
  });
}

/** Creates or replaces an object in one request; the server verifies a CRC-32. Returns its ETag. */
export async function putObject(
  bucket: S3Bucket,
  key: string,
  body: Uint8Array,
  { writeId, signal, expendable = false }: NewObject,
): Promise<string> {
  const input = putInput(bucket, key, body, writeId);
  const send = (tagging: Tagging) =>
    bucket.client.send(new PutObjectCommand({ ...input, ...tagging }), aborting(signal));
  const output = await ask(bucket, key, () => tagged(expendable, send));
  return plainEtag(output.ETag);
}

/** How an object is created. */
export interface NewObject {
  writeId: string;
  signal?: AbortSignal;
  /** See `PublishOptions`. */
  expendable?: boolean;
}

/** What the lifecycle rule of stack.yaml selects. */
const EXPENDABLE = { Tagging: 'batch-pipeline=intermediate' } as const;
type Tagging = typeof EXPENDABLE | Record<string, never>;

/**
 * Creates an object with its tag, or without it where that is refused: by a role from before tags were written
 * (`s3:PutObjectTagging`), or by a server without tags. Then `gc` alone removes it.
 */
export async function tagged<T>(expendable: boolean, send: (tagging: Tagging) => Promise<T>): Promise<T> {
  if (!expendable) return send({});
  try {
    return await send(EXPENDABLE);
  } catch (error) {
    if (statusOf(error) !== 403 && statusOf(error) !== 501) throw error;
    return send({});
  }
}

/** `conflict`: another request on this key is in progress, so neither "created" nor "exists" is known yet. */
export type CreateOutcome = 'created' | 'exists' | 'conflict';

/** Creates an object unless it exists. docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export async function putIfAbsent(
  bucket: S3Bucket,
  key: string,
  body: Uint8Array,
  writeId: string,
): Promise<CreateOutcome> {
  const command = new PutObjectCommand({ ...putInput(bucket, key, body, writeId), IfNoneMatch: '*' });
  const request = async () => bucket.client.send(command).then(() => 'created' as const);
  return ask<CreateOutcome, CreateOutcome>(bucket, key, request, (error) => {
    if (statusOf(error) === 412) return 'exists';
    return statusOf(error) === 409 ? 'conflict' : undefined;
  });
}

function putInput(bucket: S3Bucket, key: string, body: Uint8Array, writeId: string) {
  const object = { Bucket: bucket.name, Key: key, Body: body, Metadata: { [WRITE_ID]: writeId } };
  return { ...object, ...bucket.encryption, ChecksumAlgorithm: 'CRC32' } as const;
}

/** At most 1,000 objects, and the start of the next page. */
export async function listObjects(
  bucket: S3Bucket,
  prefix: string,
  from: string | undefined,
  signal?: AbortSignal,
): Promise<{ objects: ObjectInfo[]; next: string | undefined }> {
  const position = from === undefined ? {} : { ContinuationToken: from };
  const command = new ListObjectsV2Command({ Bucket: bucket.name, Prefix: prefix, MaxKeys: 1000, ...position });
  const output = await ask(bucket, prefix, () => bucket.client.send(command, aborting(signal)));
  const objects = (output.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified }) => ({
    key: Key,
    size: Size,
    etag: plainEtag(ETag),
    modified: wholeSeconds(LastModified),
  }));
  return { objects, next: output.IsTruncated ? output.NextContinuationToken : undefined };
}

/** Removes at most 1,000 objects; returns those that could not be removed now, for another try. */
export async function deleteObjects(bucket: S3Bucket, keys: readonly string[]): Promise<string[]> {
  const Delete = { Quiet: true, Objects: keys.map((key) => ({ Key: key })) };
  const command = new DeleteObjectsCommand({ Bucket: bucket.name, Delete });
  const output = await ask(bucket, keys[0] ?? '', () => bucket.client.send(command));
  return (output.Errors ?? []).flatMap(({ Key = '', Code = '', Message }) => {
    if (Code === 'NoSuchKey') return [];
    if (Code === 'InternalError' || Code === 'SlowDown') return [Key];
    throw s3Error(Object.assign(new Error(Message), { name: Code }), urlOf(bucket, Key));
  });
}

/** `$abort` of a request, if there is a signal. */
export function aborting(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

/** Headers have whole seconds, listings of some servers have fractions; one object needs one time. */
function wholeSeconds(time: Date | undefined): number {
  return Math.floor((time?.getTime() ?? 0) / 1000) * 1000;
}

/** Without the quotes, which listings and heads of some servers treat differently. */
export function plainEtag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

function absent(error: unknown): typeof ABSENT | undefined {
  return isNamed(error, 'NoSuchKey') || isNamed(error, 'NotFound') ? ABSENT : undefined;
}
