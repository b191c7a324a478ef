import type { TaskVerdict } from '../engine.ts';
import type { BatchApi } from './batch-api.ts';
import type { JobDetail, JobSummary } from './batch-types.ts';
import { describeAll } from './job-watch.ts';
import { isDependencyFailure, verdict } from './verdict.ts';

/**
 * Why these tasks of a job have ended. Only those that failed by themselves are described one by one. Thousands may
 * never have run, since another failed or their array was terminated: a listing identifies them, and they need no
 * verdict.
 */
export async function taskVerdicts(api: BatchApi, jobId: string, indices: readonly number[]): Promise<TaskVerdict[]> {
  const parent = (await api.describeJobs([jobId]))[0];
  if (!parent) return [];
  if (parent.arrayProperties?.size === undefined) return [verdict(parent, 0)].filter((found) => found !== undefined);
  const failed = await api.listChildren(jobId, 'FAILED', 'all');
  const asked = new Set(indices);
  const worthIt = failed.filter((child) => asked.has(child.index ?? -1) && !isInVain(child, parent));
  const details = await describeAll(
    api,
    worthIt.map((child) => child.jobId),
  );
  return worthIt.flatMap(({ jobId: id, index = 0 }) => {
    const child = details.get(id);
    return (child && verdict(child, index)) ?? [];
  });
}

export function childId(jobId: string, index: number): string {
  return `${jobId}:${index}`;
}

/** A parent's reason becomes that of its children. */
function isInVain({ statusReason, startedAt }: JobSummary, parent: JobDetail): boolean {
  if (isDependencyFailure(statusReason)) return true;
  const ended = parent.isTerminated || parent.isCancelled;
  return ended && startedAt === undefined && statusReason === parent.statusReason;
}
