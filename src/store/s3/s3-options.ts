import { PipelineError } from '../../errors.ts';

/** How objects are encrypted at rest; `none` leaves it to the bucket's default. */
export type S3Encryption = 'AES256' | 'aws:kms' | 'none';

/** Credentials and profile come from where the AWS SDK looks for them. */
export interface S3StoreOptions {
  /** Of an S3-compatible server: `http://localhost:7070`. Objects are then addressed by path, not by host name. */
  endpoint?: string;
  /** Default: what the SDK finds in the environment or the profile, else us-east-1, which redirects to the right one. */
  region?: string;
  /** Default: `aws:kms` with a key, else `AES256`. */
  encryption?: S3Encryption;
  /** Id, alias or ARN of the KMS key. */
  kmsKeyId?: string;
  /** Tries of one request that is throttled or not answered. Default: 12, which is 40 s on average. */
  attempts?: number;
}

/** The parameters by which a new object is encrypted. */
export interface EncryptionParameters {
  ServerSideEncryption?: 'AES256' | 'aws:kms';
  SSEKMSKeyId?: string;
  BucketKeyEnabled?: boolean;
}

/** @throws PipelineError `s3-options` for a KMS key with another encryption. */
export function encryptionParameters({ encryption, kmsKeyId }: S3StoreOptions): EncryptionParameters {
  const chosen = encryption ?? (kmsKeyId === undefined ? 'AES256' : 'aws:kms');
  if (kmsKeyId !== undefined && chosen !== 'aws:kms') {
    throw new PipelineError({ code: 's3-options', message: `Encryption "${chosen}" takes no KMS key` });
  }
  if (chosen === 'none') return {};
  if (chosen === 'AES256') return { ServerSideEncryption: chosen };
  // One KMS call per bucket and minutes instead of one per object (S3 Bucket Keys).
  return { ServerSideEncryption: chosen, BucketKeyEnabled: true, ...(kmsKeyId && { SSEKMSKeyId: kmsKeyId }) };
}
