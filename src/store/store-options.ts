import type { OpenStoreOptions } from './open-store.ts';

/** Read where a store is opened, including runners, which receive it with their job. */
export const KMS_KEY = 'BATCH_PIPELINE_S3_KMS_KEY';
const ENDPOINTS = ['BATCH_PIPELINE_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'] as const;

/**
 * S3 options from the environment: an S3-compatible server (our own variable or those of the AWS tools), the attempts
 * per request, and the KMS key of new objects.
 */
export function storeOptions(environment: Readonly<Record<string, string | undefined>>): OpenStoreOptions {
  const endpoint = ENDPOINTS.map((name) => environment[name]).find(Boolean);
  const attempts = Number(environment['AWS_MAX_ATTEMPTS']);
  const kmsKeyId = environment[KMS_KEY];
  const s3 = {
    ...(endpoint ? { endpoint } : {}),
    ...(attempts > 0 ? { attempts } : {}),
    ...(kmsKeyId ? { kmsKeyId } : {}),
  };
  return Object.keys(s3).length > 0 ? { s3 } : {};
}
