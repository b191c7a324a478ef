/** Credentials and profile come from where the AWS SDK looks for them. */
export interface S3StoreOptions {
  /** Of an S3-compatible server: `http://localhost:7070`. Objects are then addressed by path, not by host name. */
  endpoint?: string;
  /** Default: what the SDK finds in the environment or the profile, else us-east-1, which redirects to the right one. */
  region?: string;
  /** Id, alias or ARN of the KMS key that encrypts new objects; without one the bucket's default does. */
  kmsKeyId?: string;
  /** Tries of one request that is throttled or not answered. Default: 12, which is 40 s on average. */
  attempts?: number;
}

/** The parameters by which a new object is encrypted. */
export interface EncryptionParameters {
  ServerSideEncryption?: 'aws:kms';
  SSEKMSKeyId?: string;
  BucketKeyEnabled?: boolean;
}

/**
 * S3 encrypts everything, with keys of its own unless the bucket's owner has chosen others, which a request that names
 * S3's would override: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
 */
export function encryptionParameters({ kmsKeyId }: S3StoreOptions): EncryptionParameters {
  if (kmsKeyId === undefined) return {};
  // One KMS call per bucket and minutes instead of one per object (S3 Bucket Keys).
  return { ServerSideEncryption: 'aws:kms', BucketKeyEnabled: true, SSEKMSKeyId: kmsKeyId };
}
