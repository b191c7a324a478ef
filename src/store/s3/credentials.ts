import { setTimeout as sleep } from 'node:timers/promises';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { backoffMs } from './backoff.ts';

type Provider = ReturnType<typeof defaultProvider>;

/** With the SDK's own four tries per call: half a minute on average. */
const MAX_TRIES = 6;
/** What the container and instance endpoints say, or what happens, when too many ask at once. */
const BUSY = /\b(429|5\d\d)\b|too many|throttl|rate|timed? ?out|ECONNRESET|ECONNREFUSED|EAI_AGAIN/i;

/**
 * Credentials from where the AWS SDK looks for them. When an array job starts hundreds of containers at once, the
 * endpoint that gives each its role answers 429: the SDK gives up after 4 s, all together; here they wait and spread.
 */
export function patientCredentials(provider: Provider = defaultProvider()): Provider {
  return async (options) => {
    for (let failures = 1; ; failures++) {
      try {
        return await provider(options);
      } catch (error) {
        if (failures === MAX_TRIES || !BUSY.test(String(error))) throw error;
        await sleep(backoffMs(failures, true));
      }
    }
  };
}
