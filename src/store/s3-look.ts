import { GetBucketEncryptionCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { parseStoreUrl } from './parse-store-url.ts';
import { ask, s3Bucket } from './s3/s3-bucket.ts';
import { statusOf } from './s3/s3-error.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';

/** What is to be known of a bucket before jobs are sent to it. */
export interface BucketFacts {
  bucket: string;
  /** `undefined` where the server does not say. */
  region: string | undefined;
  /** Of what others write there: `AES256`, `aws:kms`…; `none`, or `unknown` where we may not ask. */
  defaultEncryption: string;
}

/**
 * Is there a bucket of this name that we may use?
 * @throws PipelineError `store-denied` for somebody else's
 */
export async function bucketExists(name: string, options: S3StoreOptions = {}): Promise<boolean> {
  const bucket = s3Bucket(name, options);
  const request = async () => bucket.client.send(new HeadBucketCommand({ Bucket: name })).then(() => true);
  return ask(bucket, '', request, (error) => (statusOf(error) === 404 ? false : undefined));
}

/**
 * Asks S3 about the bucket behind a store.
 * @throws PipelineError `store-missing`, `store-denied`… where the bucket cannot be used
 */
export async function lookAtBucket(storeUrl: string, options: S3StoreOptions = {}): Promise<BucketFacts | undefined> {
  const location = parseStoreUrl(storeUrl);
  if (location.kind !== 's3') return undefined;
  const bucket = s3Bucket(location.bucket, options);
  const head = await ask(bucket, '', () => bucket.client.send(new HeadBucketCommand({ Bucket: bucket.name })));
  const defaultEncryption = await ask(
    bucket,
    '',
    async () => {
      const { ServerSideEncryptionConfiguration: configured } = await bucket.client.send(
        new GetBucketEncryptionCommand({ Bucket: bucket.name }),
      );
      return configured?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? 'none';
    },
    (error) => {
      const { name } = error as { name?: string };
      return name === 'ServerSideEncryptionConfigurationNotFoundError' ? 'none' : 'unknown';
    },
  );
  return { bucket: bucket.name, region: head.BucketRegion, defaultEncryption };
}
