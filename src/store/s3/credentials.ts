import { fromHttp } from '@aws-sdk/credential-provider-http';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, messageOf, PipelineError } from '../../errors.ts';
import { backoffMs } from './backoff.ts';

type Provider = ReturnType<typeof defaultProvider>;

/** Half a minute on average. */
const MAX_TRIES = 8;

/**
 * Credentials from where the AWS SDK looks for them. When an array job starts hundreds of containers at once, the
 * endpoint that gives each its role answers 429: the SDK asks again every second, all of them together, four times
 * in all; here they spread out and wait longer.
 */
export function patientCredentials(tries = MAX_TRIES): Provider {
  const provider = defaultProvider({ maxRetries: 0 });
  return async (options) => {
    for (let failures = 1; ; failures++) {
      try {
        return await provider(options);
      } catch (error) {
        // The chain's last word hides what the endpoint said. Where there is no endpoint, waiting brings nothing.
        if (!hasContainerEndpoint()) throw error;
        if (failures >= tries) throw endpointBusy(error);
        await sleep(backoffMs(failures, true));
      }
    }
  };
}

/** Nobody has to log in again: the job's role is there, and another try of the job may get at it. */
function endpointBusy(cause: unknown): PipelineError {
  return new PipelineError({
    code: 'store-busy',
    message: `The endpoint that gives containers their credentials does not: ${messageOf(cause)}`,
    hint: 'It answers some requests a second: try again, or start fewer tasks on one instance.',
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
