import { backoffMs } from './backoff.ts';

interface RetryToken {
  getRetryCount(): number;
  getRetryDelay(): number;
  getRetryCost(): undefined;
}

interface FailedTry {
  errorType: string;
  retryAfterHint?: Date;
}

/** The SDK's interface of a retry strategy, as far as it is asked for. */
export interface PatientRetries {
  acquireInitialRetryToken(): Promise<RetryToken>;
  refreshRetryTokenForRetry(last: { getRetryCount(): number }, failed: FailedTry): Promise<RetryToken>;
  recordSuccess(): void;
}

/**
 * For calls that may be made twice: what is throttled or not answered is asked again, for `patienceMs` in all. The
 * SDK's own strategies share a quota between calls, which a storm of throttling uses up at once.
 */
export function patientRetries(patienceMs: number): PatientRetries {
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
    async refreshRetryTokenForRetry(last, { errorType, retryAfterHint }) {
      const from = startedAt.get(last) ?? performance.now();
      const failures = last.getRetryCount() + 1;
      const worthIt = errorType === 'THROTTLING' || errorType === 'TRANSIENT' || errorType === 'SERVER_ERROR';
      const hintMs = retryAfterHint ? retryAfterHint.getTime() - Date.now() : 0;
      const delayMs = Math.max(hintMs, backoffMs(failures, errorType === 'THROTTLING' ? 'throttled' : 'other'));
      if (!worthIt || performance.now() + delayMs - from > patienceMs) throw new Error('Not to be retried');
      return token(failures, delayMs, from);
    },
    recordSuccess: () => undefined,
  };
}
