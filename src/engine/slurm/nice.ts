import type { ClusterConfig } from './cluster-config.ts';

/** sbatch(1): the largest adjustment. */
const MAX_NICE = 2_147_483_645;

/** More than any number of jobs that are queued at a time: priority/basic counts down by one a job. */
const BASIC_STEP = 100_000;

/**
 * `--nice` of a job: the higher its rank, the later it starts among ours. With priority/basic the step is large enough
 * to overtake every job submitted in between. With priority/multifactor a large value would push the job behind
 * everybody else's, so a step of rank costs no more than what one day of waiting earns.
 */
export function niceOf(rank: number, { priority }: ClusterConfig): number {
  const day = Math.ceil(priority.weightAge / priority.maxAgeDays);
  const step = priority.type === 'priority/basic' ? BASIC_STEP : Math.max(1, day);
  return Math.min(MAX_NICE, Math.max(0, Math.round(rank)) * step);
}
