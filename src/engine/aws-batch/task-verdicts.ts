import type { TaskVerdict } from '../engine.ts';
import type { BatchApi } from './batch-api.ts';
import type { JobDetail } from './batch-types.ts';
import { describeAll } from './describe.ts';
import { BATCH_LIMITS } from './limits.ts';
import { isDependencyFailure, verdict } from './verdict.ts';

/**
 * Why these tasks of a job are over. Only those that failed of themselves are described one by one; of those that never
 * ran because of another there may be thousands, and a listing tells.
 */
export async function taskVerdicts(api: BatchApi, jobId: string, indices: readonly number[]): Promise<TaskVerdict[]> {
  const parent = (await api.describeJobs([jobId]))[0];
  if (!parent) return [];
  if (parent.arrayProperties?.size === undefined) return [verdict(parent, 0)].filter((found) => found !== undefined);
  const wanted = await worthDescribing(api, jobId, indices);
  const details = await describeAll(
    api,
    wanted.map((index) => childId(jobId, index)),
  );
  return wanted.flatMap((index) => {
    const child = details.get(childId(jobId, index));
    return (child ? verdict(child, index) : neverMade(parent, index)) ?? [];
  });
}

export function childId(jobId: string, index: number): string {
  return `${jobId}:${index}`;
}

/** Few are described at once; of many those that wait in vain are left out first. */
async function worthDescribing(api: BatchApi, jobId: string, indices: readonly number[]): Promise<readonly number[]> {
  if (indices.length <= BATCH_LIMITS.maxDescribed) return indices;
  const failed = await api.listChildren(jobId, 'FAILED', 'all');
  const inVain = new Set(
    failed.filter(({ statusReason }) => isDependencyFailure(statusReason)).map(({ index }) => index),
  );
  return indices.filter((index) => !inVain.has(index));
}

/** A job that is terminated at once never gets its children. */
function neverMade(parent: JobDetail, index: number): TaskVerdict | undefined {
  const ended = parent.status === 'FAILED' && (parent.isTerminated || parent.isCancelled);
  return ended ? { index, cause: 'cancelled', message: `AWS Batch: ${parent.statusReason ?? 'cancelled'}` } : undefined;
}
