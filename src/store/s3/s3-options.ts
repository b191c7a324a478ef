/** How objects are encrypted at rest; `none` leaves it to the bucket's default. */
export type S3Encryption = 'AES256' | 'aws:kms' | 'none';

/** Credentials and profile come from where the AWS SDK looks for them. */
export interface S3StoreOptions {
  /** Of an S3-compatible server: `http://localhost:7070`. Objects are then addressed by path, not by host name. */
  endpoint?: string;
  /** Default: what the SDK finds in the environment or the profile, else us-east-1. */
  region?: string;
  /** Default: `aws:kms` with a key, else `AES256`. */
  encryption?: S3Encryption;
  /** Id, alias or ARN of the KMS key. */
  kmsKeyId?: string;
}
