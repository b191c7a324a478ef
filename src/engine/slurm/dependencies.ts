import { ExitCode, PipelineError } from '../../errors.ts';
import { type DependencyType, type EngineJob, hasEnded, type JobDependency } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import type { JobMemory } from './job-memory.ts';
import { elementState } from './job-status.ts';
import { jobTasks } from './poll.ts';
import type { TaskRow } from './task-rows.ts';

/**
 * The dependencies that Slurm will reliably enforce. Those on jobs that it cannot have forgotten are used as they are;
 * the others are checked first: see `parentDecision`.
 * @throws PipelineError `slurm-parent-forgotten`
 */
export async function reliableDependencies(
  cluster: Cluster,
  memory: JobMemory,
  job: EngineJob,
  dependencies: readonly JobDependency[],
): Promise<JobDependency[]> {
  const { minJobAgeSeconds } = await cluster.config();
  const doubtful = dependencies.filter(({ jobId }) => !memory.isRemembered(jobId, minJobAgeSeconds));
  if (doubtful.length === 0) return [...dependencies];
  const tasks = await jobTasks(cluster, memory, [...new Set(doubtful.map(({ jobId }) => jobId))]);
  return dependencies.filter(({ jobId, type }) => {
    const parent = tasks.get(jobId);
    if (!parent) return true;
    // Both sides of an N_TO_N dependency have the same size.
    const size = parent.size ?? (type === 'N_TO_N' ? job.size : undefined);
    const decision = parentDecision(type, { ...parent, size });
    if (decision === 'forgotten') throw forgotten(job, jobId);
    return decision === 'wait';
  });
}

function forgotten(job: EngineJob, jobId: string): PipelineError {
  return new PipelineError({
    code: 'slurm-parent-forgotten',
    message: `Slurm has forgotten the outcome of tasks of job ${jobId}, on which ${job.name} depends`,
    where: `step ${job.step}`,
    hint: 'Plan again from the records with `batch-pipeline retry`.',
    exitCode: ExitCode.environment,
  });
}

/** What the cluster knows of a job that another one should wait for. */
export interface ParentTasks {
  /** From squeue: what the controller still has in memory. */
  remembered: readonly TaskRow[];
  /** From sacct, for tasks that squeue no longer has. */
  recorded: readonly TaskRow[];
  /** Number of tasks at submission, if known. */
  size: number | undefined;
}

/**
 * - `wait`: a Slurm dependency on it works.
 * - `met`: it has succeeded already.
 * - `forgotten`: Slurm would treat the dependency as met, although its outcome is unknown.
 */
export type ParentDecision = 'wait' | 'met' | 'forgotten';

/**
 * Slurm silently treats a dependency on a forgotten job as met. So a job that succeeded in full is not
 * named at all; one of which every task is remembered is waited for, which also lets Slurm cancel the successors of
 * the tasks that failed; and one that is forgotten in part, without having succeeded, is not to be relied on.
 */
export function parentDecision(type: DependencyType, parent: ParentTasks): ParentDecision {
  const { remembered, recorded, size } = parent;
  const all = [...remembered, ...recorded];
  const states = all.map((row) => elementState(row.state, row.reason));
  const live = states.some((state) => !hasEnded(state));
  // A live job is never forgotten, so a job without a live task has ended.
  if (type === 'ANY') return live ? 'wait' : 'met';
  const complete = all.length > 0 && all.length >= (size ?? all.length);
  if (complete && states.every((state) => state === 'succeeded')) return 'met';
  const inMemory = remembered.length > 0 && remembered.length >= (size ?? Number.POSITIVE_INFINITY);
  return inMemory ? 'wait' : 'forgotten';
}
