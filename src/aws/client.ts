import { given } from '../given.ts';
import { apiError } from './failure.ts';
import { type RetryStrategy, retryStrategy } from './retry.ts';

/** Credentials and profile come from where the AWS SDK looks for them. */
export interface ApiOptions {
  /** Default: what the SDK finds in the environment or the profile. */
  region?: string | undefined;
  /** Of an emulator: `http://localhost:5000`. */
  endpoint?: string | undefined;
  /** How long a request that is throttled or not answered is sent again. Default: a minute. */
  patienceMs?: number | undefined;
}

/** The configuration that the clients of all services have in common. */
export interface ClientConfig {
  region?: string;
  endpoint?: string;
  retryStrategy: RetryStrategy;
}

const PATIENCE_MS = 60_000;

/** What a client of any service is made with. */
export function clientConfig({ region, endpoint, patienceMs = PATIENCE_MS }: ApiOptions): ClientConfig {
  return { ...given({ region, endpoint }), retryStrategy: retryStrategy({ ms: patienceMs }) };
}

/**
 * Calls AWS. `action` is AWS's name for the call: `batch:SubmitJob`; `where` is what it is about.
 * @throws PipelineError `aws-credentials`, `aws-denied`, `aws-region`, `aws-refused`, `aws-unreachable`
 */
export async function ask<T>(action: string, call: () => Promise<T>, where?: string): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw apiError(error, action, where);
  }
}
