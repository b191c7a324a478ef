import { ExitCode, PipelineError } from '../../errors.ts';
import { hasEnded } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import { ask, refusal } from './slurm-commands.ts';
import { Waits } from '../patience.ts';
import { elementState } from './job-status.ts';
import type { TaskRow } from './task-rows.ts';

/**
 * Ends all tasks of these jobs with one scancel, and waits until the controller reports none as live. A task that Slurm
 * was about to restart at that moment is cancelled again; one that is ending is left alone.
 * @throws PipelineError `slurm-cancel-unfinished` if tasks do not end within the engine's patience
 */
export async function cancelJobs(cluster: Cluster, jobIds: readonly string[]): Promise<void> {
  const waits = new Waits(cluster.patience);
  let live = await liveTasks(cluster, jobIds);
  while (live.length > 0) {
    await signalJobs(cluster, idsOf(live.filter(({ state }) => state !== 'COMPLETING')));
    if (!(await waits.wait())) throw unfinished(idsOf(live));
    live = await liveTasks(cluster, jobIds);
  }
}

async function signalJobs(cluster: Cluster, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  const result = await ask(cluster.run, cluster.patience, 'scancel', ['--quiet', ...jobIds]);
  // A job that has ended by now is not an error.
  if (result.exitCode !== 0 && !/invalid job id|already complet/i.test(result.stderr)) throw refusal('scancel', result);
}

async function liveTasks(cluster: Cluster, jobIds: readonly string[]): Promise<TaskRow[]> {
  const rows = await cluster.remembered(jobIds);
  return rows.filter(({ state, reason }) => !hasEnded(elementState(state, reason)));
}

function idsOf(rows: readonly TaskRow[]): string[] {
  return [...new Set(rows.map(({ jobId }) => jobId))];
}

function unfinished(jobIds: readonly string[]): PipelineError {
  return new PipelineError({
    code: 'slurm-cancel-unfinished',
    message: `Tasks of job ${jobIds.join(', ')} have been cancelled but do not end`,
    hint: 'See them with `squeue`; a node that hangs is for the administrators of the cluster.',
    exitCode: ExitCode.environment,
  });
}
