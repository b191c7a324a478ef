import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { retryStrategy } from '../../aws/retry.ts';
import { patientCredentials } from './credentials.ts';
import { s3Error } from './s3-error.ts';
import { encryptionParameters, type EncryptionParameters, type S3StoreOptions } from './s3-options.ts';

const DEFAULT_ATTEMPTS = 12;
const CONNECTION_TIMEOUT_MS = 10_000;
/** Time without a single byte: joining the parts of 100 GB may take a server a minute or two. */
const SILENCE_TIMEOUT_MS = 180_000;

/** A bucket and its client: the first argument of every request here. */
export interface S3Bucket {
  readonly name: string;
  readonly client: S3Client;
  /** Included in every request that creates an object. */
  readonly encryption: EncryptionParameters;
}

/** Nothing is sent yet. */
export function s3Bucket(name: string, options: S3StoreOptions): S3Bucket {
  return { name, client: s3Client(options), encryption: encryptionParameters(options) };
}

/** Runs a request on `key`; `expected` may turn an error into a result, other errors become PipelineErrors. */
export async function ask<T, E = never>(
  bucket: S3Bucket,
  key: string,
  request: () => Promise<T>,
  expected?: (error: unknown) => E | undefined,
): Promise<T | E> {
  try {
    return await request();
  } catch (error) {
    const answer = expected?.(error);
    if (answer !== undefined) return answer;
    throw s3Error(error, urlOf(bucket, key));
  }
}

export function urlOf(bucket: S3Bucket, key: string): string {
  return `s3://${bucket.name}/${key}`;
}

function s3Client(options: S3StoreOptions): S3Client {
  const { endpoint, region, attempts = DEFAULT_ATTEMPTS } = options;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    region: region ?? regionOrDefault(),
    followRegionRedirects: true,
    credentials: patientCredentials(options.attempts),
    retryStrategy: retryStrategy({ attempts }),
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: SILENCE_TIMEOUT_MS },
    // `Expect: 100-continue` makes the SDK open a separate connection for every part.
    expectContinueHeader: false,
    // Requested only for whole objects: a part does not have the checksum of the whole.
    responseChecksumValidation: 'WHEN_REQUIRED',
  } satisfies S3ClientConfig);
  const leaveUnsigned = { step: 'build', name: 'leavePayloadUnsigned' } as const;
  client.middlewareStack.add(
    (next) => (args) => {
      leavePayloadUnsigned(args.request);
      return next(args);
    },
    leaveUnsigned,
  );
  return client;
}

/**
 * TLS and the signed CRC-32 protect a body already: a SHA-256 of it for the signature too would cost a core 0.7 s a GB.
 * docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function leavePayloadUnsigned(request: unknown): void {
  const { protocol, body, headers } = request as { protocol: string; body: unknown; headers: Record<string, string> };
  if (protocol === 'https:' && body instanceof Uint8Array) headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
}

/** The region of the environment or profile, else us-east-1, from where S3 redirects to the bucket's own region. */
function regionOrDefault(): () => Promise<string> {
  const { region } = new S3Client({}).config;
  return () => region().catch(() => 'us-east-1');
}
