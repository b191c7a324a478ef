import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { Unfinished } from '../store.ts';
import { ask, type S3Bucket } from './s3-bucket.ts';
import { isNamed } from '../../aws/failure.ts';
import { abortUpload, type Upload } from './s3-multipart.ts';

const PARALLEL_ASKS = 16;

/** Uploads below `prefix` that were started and neither completed nor aborted; AWS charges for their parts. */
export async function listUploads(bucket: S3Bucket, prefix: string): Promise<Unfinished[]> {
  const limit = pLimit(PARALLEL_ASKS);
  const found: Promise<Unfinished>[] = [];
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (let more = true; more;) {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: prefix, ...from });
    const page = await ask<ListMultipartUploadsCommandOutput>(bucket, prefix, () => bucket.client.send(command));
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      const upload = { key: Key, id: UploadId };
      found.push(limit(async () => unfinished(bucket, upload, Initiated?.getTime() ?? 0, Key.slice(prefix.length))));
    }
    more = page.IsTruncated ?? false;
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
  return Promise.all(found);
}

async function unfinished(bucket: S3Bucket, upload: Upload, modified: number, name: string): Promise<Unfinished> {
  const size = await partsSize(bucket, upload);
  return { name, size, modified, remove: () => abortUpload(bucket, upload).catch(unlessGone) };
}

/** Bytes of the uploaded parts. */
async function partsSize(bucket: S3Bucket, { key, id }: Upload): Promise<number> {
  let size = 0;
  let PartNumberMarker: string | undefined;
  do {
    const target = { Bucket: bucket.name, Key: key, UploadId: id };
    const command = new ListPartsCommand({ ...target, ...(PartNumberMarker ? { PartNumberMarker } : {}) });
    const page = await ask(
      bucket,
      key,
      () => bucket.client.send(command),
      (error) =>
        isNamed(error, 'NoSuchUpload') ? { Parts: [], IsTruncated: false, NextPartNumberMarker: '' } : undefined,
    );
    size += (page.Parts ?? []).reduce((sum, { Size = 0 }) => sum + Size, 0);
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (PartNumberMarker);
  return size;
}

/** Completed or aborted since it was listed. */
function unlessGone(error: unknown): void {
  if ((error as { code?: string }).code !== 'upload-lost') throw error;
}
