import { hasEnded, type JobStatus, noCounts } from '../engine.ts';
import { elementState } from './task-state.ts';
import { stuckText } from './stuck.ts';
import type { TaskRow } from './task-row.ts';

/** The furthest state that a live task has reached decides. */
const LIVE = ['running', 'starting', 'runnable', 'pending'] as const;

/**
 * Sums up the tasks of one job. `size` is the number that it was submitted with, where the cluster told it.
 * A job of which tasks are forgotten and none is live is `unknown`: the forgotten ones may have failed.
 */
export function jobStatus(jobId: string, rows: readonly TaskRow[], size: number | undefined): JobStatus {
  const counts = noCounts();
  for (const row of rows) counts[elementState(row.state, row.reason)] += 1;
  const live = LIVE.find((state) => counts[state] > 0);
  const forgotten = Math.max(0, (size ?? rows.length) - rows.length);
  if (rows.length === 0 || (live === undefined && forgotten > 0)) {
    const of = size === undefined ? '' : ` ${forgotten} of ${size} tasks of`;
    return { jobId, state: 'unknown', counts, reason: `Slurm has forgotten${of} this job` };
  }
  const state = live ?? (counts.failed > 0 ? 'failed' : 'succeeded');
  const reason = waitingReason(rows);
  const stuck = live === undefined || counts.running > 0 ? undefined : stuckText(jobId, reason);
  return {
    jobId,
    state,
    counts,
    ...(reason === undefined ? {} : { reason, ...(stuck === undefined ? {} : { stuck }) }),
  };
}

/** The most frequent of Slurm's reasons why tasks of this job wait. */
function waitingReason(rows: readonly TaskRow[]): string | undefined {
  const reasons = new Map<string, number>();
  for (const { state, reason } of rows) {
    const waits = !hasEnded(elementState(state, reason)) && reason !== 'None' && reason !== '';
    if (waits) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}
