import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, PipelineError } from '../errors.ts';
import { backoffMs } from '../aws/retry.ts';
import { checkKey, checkPrefix } from './check-key.ts';
import { downloadFile, readRange } from './s3/download-file.ts';
import { s3Bucket, type S3Bucket, urlOf } from './s3/s3-bucket.ts';
import { deleteObjects, headObject, listObjects, putIfAbsent, putObject, readObject } from './s3/s3-objects.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';
import { listUploads } from './s3/list-uploads.ts';
import { slots } from './s3/slots.ts';
import { uploadFile } from './s3/upload-file.ts';
import { objectNotFound } from './store-errors.ts';
import type { ObjectInfo, Store } from './store.ts';

/** Parts in flight, over all transfers of a store: 8 x 16 MiB of memory, and enough connections for 10 Gbit/s. */
const PARTS_AT_ONCE = 8;
/** S3 limit of DeleteObjects. */
const MAX_DELETE = 1000;
const MAX_TRIES = 10;

/**
 * A store below `prefix` (no `/` at either end, may be empty) of an existing bucket. Nothing is sent yet. Every object
 * is written with a CRC-32 that the server verifies, and verified when it is read.
 */
export function openS3Store(bucketName: string, prefix: string, options: S3StoreOptions = {}): Store {
  const bucket = s3Bucket(bucketName, options);
  const inFlight = slots(PARTS_AT_ONCE);
  const root = prefix === '' ? '' : `${prefix}/`;
  const full = (key: string): string => {
    checkKey(key);
    return root + key;
  };
  const own = ({ key, size, etag, modified }: ObjectInfo): ObjectInfo => ({
    ...{ key: key.slice(root.length), size, etag, modified },
  });

  return {
    url: urlOf(bucket, prefix).replace(/\/$/, ''),
    localPath: () => undefined,
    async head(key) {
      const head = await headObject(bucket, full(key));
      return head && own(head);
    },
    read: async (key) => readObject(bucket, full(key)),
    stream: async (key, streamOptions) => openStream(bucket, full(key), streamOptions),
    async write(key, body) {
      await putObject(bucket, full(key), Buffer.from(body), { writeId: randomUUID() });
    },
    create: async (key, body) => createOnce(bucket, full(key), Buffer.from(body)),
    async putFile(key, path, transfer) {
      return { ...(await uploadFile(bucket, inFlight, { key: full(key), path }, transfer)), key };
    },
    async getFile(key, path, transfer) {
      return own(await downloadFile(bucket, inFlight, { key: full(key), path }, transfer));
    },
    async *list(start, { signal } = {}) {
      checkPrefix(start);
      for await (const page of pages(bucket, root + start, signal)) yield page.map(own);
    },
    async remove(keys) {
      const all = keys.map(full);
      for (let i = 0; i < all.length; i += MAX_DELETE) await removeAll(bucket, all.slice(i, i + MAX_DELETE));
    },
    unfinished: () => listUploads(bucket, root),
  };
}

async function openStream(
  bucket: S3Bucket,
  key: string,
  { start = 0, signal }: { start?: number; signal?: AbortSignal } = {},
): Promise<Readable> {
  const head = await headObject(bucket, key, signal);
  if (!head) throw objectNotFound(urlOf(bucket, key));
  const { etag, size } = head;
  return Readable.from(readRange(bucket, key, { etag, start, end: size }, signal), { objectMode: false });
}

/**
 * The condition lets S3 decide which writer is first. A request whose response was lost is sent again and then fails
 * with "exists" although it created the object itself: the write id in the object's metadata shows that.
 */
async function createOnce(bucket: S3Bucket, key: string, body: Uint8Array): Promise<boolean> {
  const writeId = randomUUID();
  for (let failures = 1; failures <= MAX_TRIES; failures++) {
    const outcome = await putIfAbsent(bucket, key, body, writeId);
    if (outcome === 'created') return true;
    if (outcome === 'exists') return (await headObject(bucket, key))?.writeId === writeId;
    await sleep(backoffMs(failures, 'other'));
  }
  throw stillBusy(bucket, key, 'Other processes keep writing to this object');
}

async function* pages(
  bucket: S3Bucket,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ObjectInfo[]> {
  let from: string | undefined;
  do {
    const { objects, next } = await listObjects(bucket, prefix, from, signal);
    // Consoles make "folders" as empty objects whose names end in "/": never one of our keys.
    const page = objects.filter(({ key }) => !key.endsWith('/'));
    if (page.length > 0) yield page;
    from = next;
  } while (from !== undefined);
}

async function removeAll(bucket: S3Bucket, keys: readonly string[]): Promise<void> {
  let left: readonly string[] = keys;
  for (let failures = 1; left.length > 0; failures++) {
    left = await deleteObjects(bucket, left);
    if (left.length > 0 && failures === MAX_TRIES) {
      throw stillBusy(bucket, left[0] ?? '', `S3 does not remove ${left.length} objects`);
    }
    if (left.length > 0) await sleep(backoffMs(failures, 'throttled'));
  }
}

function stillBusy(bucket: S3Bucket, key: string, message: string): PipelineError {
  return new PipelineError({
    code: 'store-busy',
    message,
    where: urlOf(bucket, key),
    hint: 'Run the same command again later: finished tasks are kept.',
    exitCode: ExitCode.environment,
  });
}
