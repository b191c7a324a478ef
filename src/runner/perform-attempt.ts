import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepFailure } from '../pipeline/step.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { failedKey, succeededKey } from '../record/keys.ts';
import type { Store } from '../store/store.ts';
import { type Attempt, noWork, openAttempt } from './attempt.ts';
import { type AttemptGuard, guarded } from './attempt-guard.ts';
import { lastLines, openAttemptLog } from './attempt-log.ts';
import { openHolds } from './cache/holds.ts';
import { type AttemptFailure, describeFailure, Interruption } from './failure.ts';
import { type Ending, makeRecord, serialise } from './make-record.ts';
import { startMeasuring } from './measure.ts';
import { runAndPublish } from './perform-step.ts';
import {
  keepScratch,
  keptScratch,
  LOG_FILE,
  makeScratch,
  OWNER_FILE,
  removeScratch,
  type ScratchOwner,
} from './scratch.ts';
import type { TaskContext } from '../record/protocol.ts';
import { isDone, removeLeftovers, removeLoser } from './task-result.ts';
import type { Workplace } from './workplace.ts';

export type AttemptOutcome =
  | { state: 'succeeded' }
  /** Already done by another run, or by an earlier attempt whose success was not reported. */
  | { state: 'up-to-date' }
  /** `mayStillRun`: code of the step may still be running in this process. */
  | ({ state: 'failed'; mayStillRun?: true } & AttemptFailure);

/** Of the log's end, kept in the record. */
const STDERR_LINES = 50;

/**
 * Performs one attempt of one task: stage, run, verify, publish, and the record last. A killed attempt leaves nothing
 * that could be mistaken for a result; otherwise scratch is removed.
 */
export function performAttempt(task: TaskContext, place: Workplace, abort: AbortSignal): Promise<AttemptOutcome> {
  return guarded(async (guard) => {
    const attempt = await openAttempt(task, place, abort);
    if (await isDone(place.store, attempt.ref)) return { state: 'up-to-date' };
    return performOpened(attempt, place, { abort, guard });
  });
}

async function performOpened(
  attempt: Attempt,
  place: Workplace,
  { abort, guard }: { abort: AbortSignal; guard: AttemptGuard },
): Promise<AttemptOutcome> {
  const { task, job } = attempt;
  const measured = startMeasuring();
  const startedAt = new Date().toISOString();
  const begunAt = performance.now();
  const limit = startTimeLimit(job.resources.timeLimitSeconds);
  const signal = AbortSignal.any([abort, limit.signal, guard.signal]);
  const scratch = makeScratch(task.scratchRoot, task.host);
  const log = openAttemptLog(join(scratch, LOG_FILE));
  const holds = openHolds();
  const unfollow = place.followLog?.(log.path);
  const work = noWork();
  guard.log = log;
  try {
    writeFileSync(join(scratch, OWNER_FILE), JSON.stringify({ ...attempt.id, ...attempt.ref } satisfies ScratchOwner));
    const ended = await runAndPublish(attempt, place, { scratch, log, signal, work, holds, guard });
    guard.off();
    const failure = orTimeout(ended, (performance.now() - begunAt) / 1000, job.resources.timeLimitSeconds);
    const kept = failure && place.keepScratch ? keptFolder(attempt, failure) : undefined;
    if (failure && kept !== undefined) failure.message += `\nIts scratch folder on ${task.host}: ${kept}`;
    if (abort.reason instanceof Interruption) throw abort.reason;
    const printed = lastLines(log.since(0), STDERR_LINES);
    if (failure?.cause === 'disk') log.shorten();
    if (failure) log.line(`batch-pipeline: ${failure.cause}: ${failure.message}`);
    unfollow?.();
    const ending: Ending = { log, printed, work, failure, startedAt, measured: measured() };
    const record = await makeRecord(attempt, place.store, ending);
    if (!failure) return await recordSuccess(attempt, place.store, record);
    // On a full disk there is room for the record only when scratch has been removed.
    if (kept === undefined) removeScratch(scratch);
    await place.store.write(failedKey(attempt.ref, attempt.id, failure.cause), serialise(record));
    if (kept !== undefined) keepScratch(scratch, kept);
    return { state: 'failed', ...failure, ...(guard.hasFailed ? { mayStillRun: true } : {}) };
  } finally {
    limit.stop();
    unfollow?.();
    guard.off();
    log.close();
    removeScratch(scratch);
    holds.release();
  }
}

async function recordSuccess(attempt: Attempt, store: Store, record: AttemptRecord): Promise<AttemptOutcome> {
  const { ref } = attempt;
  const won = await store.create(succeededKey(ref), serialise(record));
  if (!won) await removeLoser(store, ref, record.outputs);
  // Only cleanup: the success is on record.
  else if (mayHaveLeftovers(attempt)) await removeLeftovers(store, ref, record.outputs).catch(() => {});
  return { state: 'succeeded' };
}

/** Where the scratch folder of a failed attempt is kept; not that of a cancelled one, nor on a full disk. */
function keptFolder({ task, id, ref }: Attempt, { cause }: AttemptFailure): string | undefined {
  return ['cancelled', 'disk'].includes(cause) ? undefined : keptScratch(task.scratchRoot, { ...id, ...ref });
}

/** An engine that enforces the same limit may send its SIGTERM a moment earlier: that is not a cancellation. */
const LIMIT_LEAD_SECONDS = 15;

function orTimeout(failure: AttemptFailure | undefined, seconds: number, limit: number): AttemptFailure | undefined {
  if (failure?.cause !== 'cancelled' || limit < 4 * LIMIT_LEAD_SECONDS || seconds < limit - LIMIT_LEAD_SECONDS)
    return failure;
  return describeFailure(timeIsUp(limit), new AbortController().signal);
}

function timeIsUp(seconds: number): StepFailure {
  const hint = 'batch-pipeline retry gives it more time.';
  return new StepFailure('timeout', `The time limit of ${seconds} s was exceeded`, { hint });
}

/** A longer timer would fire at once: setTimeout takes a signed 32-bit number. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function startTimeLimit(seconds: number): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const reason = timeIsUp(seconds);
  let timer: NodeJS.Timeout;
  const wait = (ms: number): void => {
    if (ms <= 0) controller.abort(reason);
    else timer = setTimeout(() => wait(ms - LONGEST_TIMER_MS), Math.min(ms, LONGEST_TIMER_MS)).unref();
  };
  wait(seconds * 1000);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

/** Checked only after an earlier attempt: it costs a listing. */
function mayHaveLeftovers({ task, job, sample, step }: Attempt): boolean {
  return task.attempt > 1 || job.submission > 0 || sample?.tasks[step.name]?.leftovers === true;
}
