import type { JobStatus } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import type { JobMemory } from './job-memory.ts';
import { jobStatus } from './job-status.ts';
import type { TaskRow } from './task-rows.ts';

export interface JobTasks {
  /** From squeue. */
  remembered: readonly TaskRow[];
  /** From sacct: tasks that squeue has forgotten. */
  recorded: readonly TaskRow[];
  /** Number of tasks at submission, if known. */
  size: number | undefined;
}

/** One squeue, and one sacct if squeue has forgotten part of a job. */
export async function poll(cluster: Cluster, memory: JobMemory, jobIds: readonly string[]): Promise<JobStatus[]> {
  const asked = jobIds.filter((jobId) => !memory.isFinal(jobId));
  for (const [jobId, { remembered, recorded, size }] of await jobTasks(cluster, memory, asked)) {
    memory.polled(jobStatus(jobId, [...remembered, ...recorded], size), size);
  }
  return jobIds.map((jobId) => memory.last(jobId) ?? jobStatus(jobId, [], undefined));
}

/** Every known task of these jobs. */
export async function jobTasks(
  cluster: Cluster,
  memory: JobMemory,
  jobIds: readonly string[],
): Promise<Map<string, JobTasks>> {
  const remembered = Map.groupBy(await cluster.remembered(jobIds), ({ jobId }) => jobId);
  const sizeOf = (jobId: string) => remembered.get(jobId)?.[0]?.token?.size ?? memory.size(jobId);
  const forgotten = jobIds.filter((jobId) => (remembered.get(jobId)?.length ?? 0) < (sizeOf(jobId) ?? 1));
  const recorded = Map.groupBy(await cluster.recorded(forgotten), ({ jobId }) => jobId);
  return new Map(
    jobIds.map((jobId) => {
      const here = remembered.get(jobId) ?? [];
      const seen = new Set(here.map(({ index }) => index));
      const elsewhere = (recorded.get(jobId) ?? []).filter(({ index }) => !seen.has(index));
      return [jobId, { remembered: here, recorded: elsewhere, size: sizeOf(jobId) }];
    }),
  );
}
