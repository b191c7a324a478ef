import { DeleteBucketCommand } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../aws/retry.ts';
import { ask, s3Bucket } from './s3/s3-bucket.ts';
import { deleteObjects, listObjects } from './s3/s3-objects.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';

const MAX_TRIES = 10;

/**
 * Removes a bucket with every object in it. Old versions in a versioned bucket are not removed: S3 then refuses to
 * remove the bucket.
 */
export async function removeBucket(name: string, options: S3StoreOptions = {}): Promise<void> {
  const bucket = s3Bucket(name, options);
  // List from the start again: removed objects are no longer listed.
  for (let failures = 0; failures < MAX_TRIES;) {
    const { objects } = await listObjects(bucket, '', undefined);
    if (objects.length === 0) break;
    const left = await deleteObjects(
      bucket,
      objects.map(({ key }) => key),
    );
    if (left.length > 0) await sleep(backoffMs((failures += 1), 'throttled'));
  }
  await ask(bucket, '', () => bucket.client.send(new DeleteBucketCommand({ Bucket: name })));
}

/** How many objects a bucket has, counted up to `enough`. */
export async function countObjects(name: string, enough: number, options: S3StoreOptions = {}): Promise<number> {
  const bucket = s3Bucket(name, options);
  let count = 0;
  let from: string | undefined;
  do {
    const { objects, next } = await listObjects(bucket, '', from);
    count += objects.length;
    from = next;
  } while (from !== undefined && count < enough);
  return count;
}
