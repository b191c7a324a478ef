import { ExitCode, PipelineError } from '../../errors.ts';
import type { EngineJob, JobDependency } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import type { JobMemory } from './job-memory.ts';
import { parentDecision } from './parent.ts';
import { jobTasks } from './poll.ts';

/**
 * The dependencies that Slurm can be relied on to keep. Those that it cannot have forgotten are taken as they are; the
 * others are looked at first: see `parentDecision`.
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
    message: `Slurm has forgotten what became of tasks of job ${jobId}, which ${job.name} is to wait for`,
    where: `step ${job.step}`,
    hint: 'The records know: plan anew from them, with `batch-pipeline retry`.',
    exitCode: ExitCode.environment,
  });
}
