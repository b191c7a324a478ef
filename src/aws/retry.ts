/** "Too many requests" needs a longer rest than a lost connection. */
const BASE_MS = { throttled: 500, other: 100 } as const;
const MAX_MS = 20_000;

/** What arrived was not what was sent: the next attempt is not damaged again. */
const DAMAGED = new Set(['BadDigest', 'IncompleteBody', 'InvalidDigest', 'XAmzContentSHA256Mismatch']);

/** How long to wait after the `failures`th failure (from 1): exponential with full jitter, so that clients spread out. */
export function backoffMs(failures: number, kind: keyof typeof BASE_MS): number {
  return Math.round(Math.random() * Math.min(MAX_MS, BASE_MS[kind] * 2 ** failures));
}

/** When to give up: after this time, or after this many attempts. */
export type RetryLimit = { ms: number } | { attempts: number };

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
  getRetryCost(): undefined;
}

interface FailedAttempt {
  errorType: string;
  error?: { name?: string };
  retryAfterHint?: Date;
}

/** The SDK's interface of a retry strategy, as far as it is used. */
export interface RetryStrategy {
  acquireInitialRetryToken(): Promise<RetryToken>;
  refreshRetryTokenForRetry(last: { getRetryCount(): number }, failed: FailedAttempt): Promise<RetryToken>;
  recordSuccess(): void;
}

/**
 * For requests that may be sent twice: what is throttled, not answered or damaged is sent again, up to a limit of each
 * request's own. The SDK's strategies share a quota between requests, which a burst of throttling, or a server that is
 * away for some seconds while eight parts are in flight, uses up at once.
 */
export function retryStrategy(limit: RetryLimit): RetryStrategy {
  const startedAt = new WeakMap<object, number>();
  const token = (count: number, delayMs: number, from: number): RetryToken => {
    const made: RetryToken = {
      getRetryCount: () => count,
      getRetryDelay: () => delayMs,
      getRetryCost: () => undefined,
    };
    startedAt.set(made, from);
    return made;
  };
  return {
    acquireInitialRetryToken: async () => token(0, 0, performance.now()),
    async refreshRetryTokenForRetry(last, failed) {
      const from = startedAt.get(last) ?? performance.now();
      const failures = last.getRetryCount() + 1;
      const hintMs = failed.retryAfterHint ? failed.retryAfterHint.getTime() - Date.now() : 0;
      const delayMs = Math.max(hintMs, backoffMs(failures, failed.errorType === 'THROTTLING' ? 'throttled' : 'other'));
      const isSpent = 'ms' in limit ? performance.now() + delayMs - from > limit.ms : failures >= limit.attempts;
      if (isSpent || !mayPass(failed)) throw new Error('Not to be retried');
      return token(failures, delayMs, from);
    },
    recordSuccess: () => undefined,
  };
}

/** The SDK calls 500, 502, 503, 504 and lost connections transient. */
function mayPass({ errorType, error }: FailedAttempt): boolean {
  return errorType === 'THROTTLING' || errorType === 'TRANSIENT' || DAMAGED.has(error?.name ?? '');
}
