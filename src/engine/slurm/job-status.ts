import { type ElementState, hasEnded, type JobStatus, noCounts } from '../engine.ts';
import type { TaskRow } from './task-rows.ts';
import { given } from '../../given.ts';

/** The furthest state that a live task has reached decides. */
const LIVE = ['running', 'starting', 'runnable', 'pending'] as const;

/**
 * Summarises the tasks of one job. `size` is its number of tasks at submission, if the cluster reports it. A job with
 * forgotten tasks and no live ones is `unknown`: the forgotten ones may have failed.
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
    ...(reason === undefined ? {} : { reason, ...given({ stuck }) }),
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

/**
 * Slurm's job states (squeue(1), JOB STATE CODES; sacct(1) uses the same words) as the engine's. A task that is
 * COMPLETING still holds its node; REQUEUED and the like wait for another attempt.
 */
const STATES: Readonly<Record<string, ElementState>> = {
  PENDING: 'runnable',
  REQUEUED: 'runnable',
  REQUEUE_FED: 'runnable',
  REQUEUE_HOLD: 'runnable',
  RESV_DEL_HOLD: 'runnable',
  SPECIAL_EXIT: 'runnable',
  CONFIGURING: 'starting',
  RUNNING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  STOPPED: 'running',
  SUSPENDED: 'running',
  COMPLETED: 'succeeded',
  BOOT_FAIL: 'failed',
  CANCELLED: 'failed',
  DEADLINE: 'failed',
  FAILED: 'failed',
  NODE_FAIL: 'failed',
  OUT_OF_MEMORY: 'failed',
  PREEMPTED: 'failed',
  REVOKED: 'failed',
  TIMEOUT: 'failed',
};

/** An unknown state counts as live, so that no task is ever taken for ended by mistake. */
export function elementState(state: string, reason: string): ElementState {
  const known = STATES[state] ?? 'running';
  return known === 'runnable' && reason.startsWith('Dependency') ? 'pending' : known;
}

/** Slurm's reasons (squeue(1), JOB REASON CODES) for waiting that do not resolve by themselves. */
const REASONS: readonly (readonly [RegExp, (jobId: string) => string])[] = [
  [/^JobHeld/, (jobId) => `It is held. Release it with \`scontrol release ${jobId}\`.`],
  [
    /held/,
    (jobId) =>
      `Slurm could not start it, and holds it. Once the node is repaired: \`scontrol release ${jobId}\`. \`sinfo -R\` shows more.`,
  ],
  [/^Partition(Down|Inactive)/, () => 'Its partition accepts no jobs. Cancel, and name another partition.'],
  [
    /^(InvalidAccount|InvalidQOS|AccountNotAllowed|QOSNotAllowed|AssocNotAllowed)/,
    () => 'Its account or QOS may not run here. Cancel, and name another one.',
  ],
  [
    /^(BadConstraints|Partition\w*Limit|\w+PerJob(Limit)?)$/,
    () => 'It asks for more than it can get. Cancel, and ask for less or name another partition.',
  ],
  [/^ReqNodeNotAvail|DOWN, DRAINED/, () => 'The nodes that it could run on are down. `sinfo -R` tells why.'],
];

/** What to do about a job that waits for this reason; `undefined` if it can only wait. */
function stuckText(jobId: string, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const known = REASONS.find(([pattern]) => pattern.test(reason));
  return known && `${reason}: ${known[1](jobId)}`;
}
