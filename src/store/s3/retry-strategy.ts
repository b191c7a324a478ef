import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { backoffMs } from './backoff.ts';

/** The data was damaged in transit, so another try may succeed. */
const DAMAGED = new Set(['BadDigest', 'IncompleteBody', 'InvalidDigest', 'XAmzContentSHA256Mismatch']);

type RetryStrategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { refreshRetryTokenForRetry: unknown }>;

/**
 * Retries requests that the SDK classifies as throttled (503 SlowDown, 429) or transient, up to `attempts` attempts in
 * all.
 *
 * The SDK's own strategies share a quota between the requests of a client; with eight parts in flight, a server outage
 * of some seconds exhausts it at once. Here every request has its own budget instead: with the default of 12 attempts
 * 40 s on average, and up to 90 s.
 */
export function retryStrategy(attempts: number): RetryStrategy {
  return {
    acquireInitialRetryToken: async () => token(0, 0),
    async refreshRetryTokenForRetry(last, { error, errorType, retryAfterHint }) {
      const failures = last.getRetryCount() + 1;
      const throttled = errorType === 'THROTTLING';
      const worthIt = throttled || errorType === 'TRANSIENT' || DAMAGED.has(error?.name ?? '');
      if (failures >= attempts || !worthIt) throw new Error('Not retryable');
      const hintMs = retryAfterHint ? retryAfterHint.getTime() - Date.now() : 0;
      return token(failures, Math.max(hintMs, backoffMs(failures, throttled)));
    },
    recordSuccess: () => undefined,
  };
}

function token(count: number, delayMs: number) {
  return { getRetryCount: () => count, getRetryDelay: () => delayMs, getRetryCost: () => undefined };
}
