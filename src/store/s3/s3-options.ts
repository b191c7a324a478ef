/** Credentials and profile come from the AWS SDK's default chain. */
export interface S3StoreOptions {
  /** URL of an S3-compatible server: `http://localhost:7070`. Objects are then addressed by path, not by host name. */
  endpoint?: string;
  /** Default: what the SDK finds in the environment or the profile, else us-east-1, which redirects to the right one. */
  region?: string;
  /** Id, alias or ARN of the KMS key that encrypts new objects; by default the bucket's default applies. */
  kmsKeyId?: string;
  /** Attempts at one request that is throttled or not answered. Default: 12, which is 40 s on average. */
  attempts?: number;
}

/** The parameters by which a new object is encrypted. */
export interface EncryptionParameters {
  ServerSideEncryption?: 'aws:kms';
  SSEKMSKeyId?: string;
  BucketKeyEnabled?: boolean;
}

/**
 * S3 always encrypts, with its own keys unless the bucket has a default key, which a request for S3's keys would
 * override: docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
 */
export function encryptionParameters({ kmsKeyId }: S3StoreOptions): EncryptionParameters {
  if (kmsKeyId === undefined) return {};
  // S3 Bucket Keys: one KMS call per bucket every few minutes instead of one per object.
  return { ServerSideEncryption: 'aws:kms', BucketKeyEnabled: true, SSEKMSKeyId: kmsKeyId };
}
