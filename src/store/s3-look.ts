import { GetBucketEncryptionCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { s3Location } from './store-url.ts';
import { ask, s3Bucket } from './s3/s3-bucket.ts';
import { statusOf } from '../aws/failure.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';

/** Facts about a bucket that are checked before jobs use it. */
export interface BucketFacts {
  bucket: string;
  /** `undefined` if the server does not report it. */
  region: string | undefined;
  /** Default encryption: `AES256`, `aws:kms`…; `none`, or `unknown` without permission to read it. */
  defaultEncryption: string;
}

/**
 * Whether there is a bucket of this name that we may use.
 * @throws PipelineError `store-denied` for a bucket of another account
 */
export async function bucketExists(name: string, options: S3StoreOptions = {}): Promise<boolean> {
  const bucket = s3Bucket(name, options);
  const request = async () => bucket.client.send(new HeadBucketCommand({ Bucket: name })).then(() => true);
  return ask(bucket, '', request, (error) => (statusOf(error) === 404 ? false : undefined));
}

/**
 * Queries S3 for facts about a store's bucket.
 * @throws PipelineError `store-missing`, `store-denied`… if the bucket cannot be used
 */
export async function lookAtBucket(storeUrl: string, options: S3StoreOptions = {}): Promise<BucketFacts | undefined> {
  if (!storeUrl.startsWith('s3:')) return undefined;
  const bucket = s3Bucket(s3Location(storeUrl).bucket, options);
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
