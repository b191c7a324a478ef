import { ExitCode, PipelineError } from '../../errors.ts';
import { hasEnded, type JobStatus } from '../engine.ts';
import type { BatchApi } from './batch-api.ts';
import { backoffMs } from '../../aws/retry.ts';
import { type Patience, Waits } from '../patience.ts';

/**
 * Ends all tasks of these jobs with one TerminateJob each, last jobs first so that nothing starts meanwhile, and waits
 * until Batch reports that none can run any more: running ones have 30 s to stop.
 * @throws PipelineError `batch-cancel-unfinished` if tasks do not end within the engine's patience
 */
export async function cancelJobs(
  api: Pick<BatchApi, 'terminateJob'>,
  poll: (ids: readonly string[]) => Promise<JobStatus[]>,
  { jobIds, reason, patience }: { jobIds: readonly string[]; reason: string; patience: Patience },
): Promise<void> {
  let live = liveIds(await poll(jobIds));
  for (const id of live.toReversed()) await api.terminateJob(id, reason);
  const waits = new Waits(patience);
  for (;;) {
    live = liveIds(await poll(live));
    if (live.length === 0) return;
    if (!(await waits.wait((failures) => backoffMs(failures, 'throttled')))) throw unfinished(live);
  }
}

/** A job that Batch does not know has nothing left to run. */
function liveIds(statuses: readonly JobStatus[]): string[] {
  return statuses.filter((status) => !hasEnded(status.state) && status.state !== 'unknown').map(({ jobId }) => jobId);
}

function unfinished(jobIds: readonly string[]): PipelineError {
  return new PipelineError({
    code: 'batch-cancel-unfinished',
    message: `Jobs ${jobIds.join(', ')} have been terminated but do not end`,
    hint: 'Cancel again; if that does not help, terminate their instances.',
    exitCode: ExitCode.environment,
  });
}
