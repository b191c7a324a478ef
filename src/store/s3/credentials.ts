import { fromHttp } from '@aws-sdk/credential-provider-http';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, messageOf, PipelineError } from '../../errors.ts';
import { backoffMs } from '../../aws/retry.ts';

type Provider = ReturnType<typeof defaultProvider>;

/** Half a minute on average. */
const MAX_TRIES = 8;

/**
 * Credentials from the AWS SDK's default chain. When an array job starts hundreds of containers at once, the container
 * credentials endpoint answers 429. The SDK retries every second, in step, four times in all; here the retries spread
 * out and wait longer.
 */
export function patientCredentials(tries = MAX_TRIES): Provider {
  const provider = defaultProvider({ maxRetries: 0 });
  return async (options) => {
    for (let failures = 1; ; failures++) {
      try {
        return await provider(options);
      } catch (error) {
        // The chain's final error hides the endpoint's answer. Without an endpoint, waiting is pointless.
        if (!hasContainerEndpoint()) throw error;
        if (failures >= tries) throw endpointBusy(error);
        await sleep(backoffMs(failures, 'throttled'));
      }
    }
  };
}

/** Not a login problem: the job has its role, and another attempt of the job may obtain its credentials. */
function endpointBusy(cause: unknown): PipelineError {
  return new PipelineError({
    code: 'store-busy',
    message: `The container credentials endpoint failed: ${messageOf(cause)}`,
    hint: 'It limits requests per second: try again, or start fewer tasks per instance.',
    exitCode: ExitCode.environment,
    cause,
  });
}

function hasContainerEndpoint(): boolean {
  try {
    fromHttp();
    return true;
  } catch {
    return false;
  }
}
