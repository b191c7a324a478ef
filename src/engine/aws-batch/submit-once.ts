import { setTimeout as sleep } from 'node:timers/promises';
import { apiError, failureOf } from '../../aws/failure.ts';
import type { BatchApi } from './batch-api.ts';
import type { SubmitRequest } from './batch-types.ts';
import { jobsByName } from './jobs-by-name.ts';
import { backoffMs } from '../../aws/retry.ts';
import { type Patience, Waits } from '../patience.ts';
import type { Pace } from './pace.ts';

/** A request whose response was lost may still be in progress when the job is looked up. */
const SETTLE_MS = 1000;

/**
 * Submits one job exactly once. SubmitJob has no idempotency token: if its response is lost, the job is looked up by
 * name before it is submitted again, and once more afterwards.
 * @throws PipelineError `aws-refused`, `aws-denied`, `aws-credentials`, or `aws-unreachable` at the end of the engine's
 * patience
 */
export async function submitOnce(
  api: BatchApi,
  request: SubmitRequest,
  { pace, patience }: { pace: Pace; patience: Patience },
): Promise<string> {
  const waits = new Waits(patience);
  let lost = false;
  for (;;) {
    await pace.turn();
    try {
      const jobId = await api.submitJob(request);
      return lost ? ((await lookUp(api, request)) ?? jobId) : jobId;
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'refused') throw apiError(error, 'batch:SubmitJob', `job ${request.jobName}`);
      lost ||= failure === 'lost';
      const found = failure === 'lost' ? await lookTwice(api, request, patience.signal) : undefined;
      if (found !== undefined) return found;
      if (!(await waits.wait((failures) => backoffMs(failures, failure === 'throttled' ? 'throttled' : 'other'))))
        throw apiError(error, 'batch:SubmitJob', `job ${request.jobName}`);
    }
  }
}

async function lookTwice(api: BatchApi, request: SubmitRequest, signal: AbortSignal): Promise<string | undefined> {
  const found = await lookUp(api, request);
  if (found !== undefined) return found;
  await sleep(SETTLE_MS, undefined, { signal });
  return lookUp(api, request);
}

async function lookUp(api: BatchApi, { jobQueue, jobName }: SubmitRequest): Promise<string | undefined> {
  return (await jobsByName(api, jobQueue, [jobName])).get(jobName);
}
