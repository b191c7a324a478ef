import { fromHttp } from '@aws-sdk/credential-provider-http';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';

type Provider = ReturnType<typeof defaultProvider>;

/** Half a minute on average. */
const MAX_TRIES = 8;

/**
 * Credentials from where the AWS SDK looks for them. When an array job starts hundreds of containers at once, the
 * endpoint that gives each its role answers 429: the SDK asks again every second, all of them together, four times
 * in all; here they spread out and wait longer.
 */
export function patientCredentials(): Provider {
  const provider = defaultProvider({ maxRetries: 0 });
  return async (options) => {
    for (let failures = 1; ; failures++) {
      try {
        return await provider(options);
      } catch (error) {
        // The chain's last word hides what the endpoint said. Where there is no endpoint, waiting brings nothing.
        if (failures === MAX_TRIES || !hasContainerEndpoint()) throw error;
        await sleep(backoffMs(failures, true));
      }
    }
  };
}

function hasContainerEndpoint(): boolean {
  try {
    fromHttp();
    return true;
  } catch {
    return false;
  }
}
