import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import { type Engine, hasEnded, type JobStatus } from '../engine/engine.ts';
import type { FailureCause } from '../record/cause.ts';
import { runKeys } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { OnEvent, RunSummary, StepProgress } from './events.ts';
import { type Heartbeat, writeHeartbeat } from '../ledger/heartbeat.ts';
import { writeFinished, latestJobs, readSubmitted, submissionOf, type SubmittedJob } from '../ledger/run-store.ts';
import { listRecords } from '../ledger/load-held.ts';
import { recordVerdicts } from './record-verdicts.ts';
import { submitGathers } from './submit-gathers.ts';
import { forgottenText, summarise } from './summarise.ts';
import { readTaskTable, type TaskTable, waitingTasks } from '../ledger/task-table.ts';

export interface Watch {
  store: Store;
  engine: Engine;
  manifest: Manifest;
  submitted: readonly SubmittedJob[];
  onEvent: OnEvent;
  /** Ends the watching, not the run. */
  signal: AbortSignal;
  /** Written once a second while this process drives the run; absent for an engine that needs no process. */
  heartbeat?: () => Pick<Heartbeat, 'scratchRoot' | 'running'>;
}

const HEARTBEAT_MS = 1000;

/**
 * Follows a run until all its jobs have finished, then records outcomes for tasks that left no record, and returns the
 * result.
 */
export async function watchRun(watch: Watch): Promise<{ table: TaskTable; summary: RunSummary }> {
  const startedAt = performance.now();
  const seen = new Set<string>();
  let { submitted } = watch;
  for (;;) {
    await watchJobs({ ...watch, submitted }, seen);
    const settled = await settleRun({ ...watch, submitted }, { wallSeconds: (performance.now() - startedAt) / 1000 });
    if (settled.forgotten > 0) watch.onEvent({ kind: 'warning', message: forgottenText(settled.forgotten) });
    if (settled.superseded) {
      // The run has been submitted again: this process knows only its first part.
      await sleep((await watch.engine.limits()).pollIntervalMs, undefined, { signal: watch.signal });
      submitted = await readSubmitted(watch.store, watch.manifest.run);
      continue;
    }
    if (settled.gathers.length === 0) {
      watch.onEvent({ kind: 'finished', run: watch.manifest.run, summary: settled.summary });
      return settled;
    }
    submitted = withGathers(submitted, settled.gathers);
  }
}

/** Resolves when all jobs have finished. `seen` holds what has been reported already. */
async function watchJobs(watch: Watch, seen: Set<string>): Promise<void> {
  const failedBefore = new Map<string, number>();
  let beatAt = -Infinity;
  const ids = watch.submitted.map(({ jobId }) => jobId);
  const { pollIntervalMs } = await watch.engine.limits();
  for (;;) {
    if (performance.now() - beatAt >= HEARTBEAT_MS) {
      beatAt = performance.now();
      await beat(watch, ids, seen);
    }
    const statuses = await watch.engine.poll(ids);
    watch.onEvent({ kind: 'progress', run: watch.manifest.run, steps: stepProgress(watch.submitted, statuses) });
    tellStuck(watch, statuses, seen);
    await tellFailures(watch, statuses, failedBefore, seen);
    if (isOver(statuses)) return;
    await sleep(pollIntervalMs, undefined, { signal: watch.signal });
  }
}

/** A gather that was submitted late replaces its job from then on. */
function withGathers(submitted: readonly SubmittedJob[], gathers: readonly SubmittedJob[]): SubmittedJob[] {
  const names = new Set(gathers.map(({ job }) => job.job));
  return [...submitted.filter(({ job }) => !names.has(job.job)), ...gathers];
}

/** Reports once why jobs do not start, where the engine knows. */
function tellStuck({ onEvent }: Watch, statuses: readonly JobStatus[], told: Set<string>): void {
  for (const { stuck } of statuses) {
    if (stuck === undefined || told.has(stuck)) continue;
    told.add(stuck);
    onEvent({ kind: 'warning', message: stuck });
  }
}

/**
 * True when the engine has no job left that may still change. A job that it no longer knows counts as finished: the
 * records show which of its tasks are done, and `retry` runs the others.
 */
export function isOver(statuses: readonly JobStatus[]): boolean {
  return statuses.every(({ state }) => hasEnded(state) || state === 'unknown');
}

/** Writes the heartbeat and checks for a cancel request. A problem of the store is reported once. */
async function beat(watch: Watch, ids: readonly string[], told: Set<string>): Promise<void> {
  const { store, engine, manifest, heartbeat, onEvent } = watch;
  if (!heartbeat) return;
  try {
    await writeHeartbeat(store, manifest.run, heartbeat());
  } catch (error) {
    // A disk that a task has filled may be free again in a moment, and the other tasks go on.
    const message = `The heartbeat of the run cannot be written: ${messageOf(error)}`;
    if (!told.has(message)) onEvent({ kind: 'warning', message });
    told.add(message);
  }
  if (await store.head(runKeys.cancelled(manifest.run))) await engine.cancel(ids, 'The run was cancelled');
}

/** The engine's counts, added up by step. */
export function stepProgress(submitted: readonly SubmittedJob[], statuses: readonly JobStatus[]): StepProgress[] {
  const steps = new Map<string, StepProgress>();
  for (const [i, { counts }] of statuses.entries()) {
    const { job } = submitted[i] as SubmittedJob;
    const progress = steps.get(job.step) ?? { step: job.step, total: 0, done: 0, failed: 0, running: 0 };
    steps.set(job.step, progress);
    progress.total += job.size;
    progress.done += counts.succeeded;
    progress.failed += counts.failed;
    progress.running += counts.running + counts.starting;
  }
  return [...steps.values()];
}

/** Reports each failure once, as soon as its record exists; costs a listing only when a step's failures grew. */
async function tellFailures(
  watch: Watch,
  statuses: readonly JobStatus[],
  before: Map<string, number>,
  seen: Set<string>,
): Promise<void> {
  const { manifest, submitted, store, onEvent } = watch;
  const grown = new Set<string>();
  for (const [i, { jobId, counts }] of statuses.entries()) {
    if (counts.failed > (before.get(jobId) ?? 0)) grown.add((submitted[i] as SubmittedJob).job.step);
    before.set(jobId, counts.failed);
  }
  const submissions = new Set(submitted.map(({ job }) => job.submission));
  for (const step of grown) {
    for (const record of await listRecords(store, manifest.pipeline, step)) {
      if (
        record.state !== 'failed' ||
        record.attempt.run !== manifest.run ||
        !submissions.has(record.attempt.submission)
      )
        continue;
      const task = `${step}/${record.sample}.${record.key}`;
      if (seen.has(task)) continue;
      seen.add(task);
      onEvent({
        kind: 'task-failed',
        run: manifest.run,
        sample: record.sample,
        step,
        cause: record.cause as FailureCause,
      });
    }
  }
}

/** The outcome of a run once everything submitted has finished. */
export interface Settled {
  table: TaskTable;
  summary: RunSummary;
  /** Gathers that waited for this and have been submitted now: while there are any, the run has not finished. */
  gathers: SubmittedJob[];
  /** Tasks with an unknown outcome, in the records and for the engine: nothing may be concluded from that. */
  forgotten: number;
  /** True where the run has been submitted again since: then this process must not record it as finished. */
  superseded: boolean;
}

/**
 * Once all jobs have finished: records what the engine knows of tasks that left no record; then submits the gathers
 * that could not wait by themselves, unless that is switched off; or, where there are none, records that the run has
 * finished. A run with tasks that the engine no longer knows, and that was not cancelled, has not finished: it may be
 * running elsewhere.
 */
export async function settleRun(
  { store, engine, manifest, submitted }: Pick<Watch, 'store' | 'engine' | 'manifest' | 'submitted'>,
  { wallSeconds = 0, gather = true }: { wallSeconds?: number; gather?: boolean } = {},
): Promise<Settled> {
  let table = await readTaskTable(store, manifest);
  if ((await recordVerdicts(store, engine, table, submitted)) > 0) table = await readTaskTable(store, manifest);
  const summary = summarise(table, wallSeconds);
  const settled: Settled = { table, summary, gathers: [], forgotten: 0, superseded: false };
  const jobs = await latestJobs(store, manifest.run);
  if (submissionOf(jobs) > submissionOf(submitted.map(({ job }) => job))) return { ...settled, superseded: true };
  const waiting = waitingTasks(table);
  const forgotten = waiting > 0 && !(await store.head(runKeys.cancelled(manifest.run))) ? waiting : 0;
  if (forgotten > 0) return { ...settled, forgotten };
  const gathers = gather ? await submitGathers({ store, engine, manifest, table, jobs }) : [];
  if (gathers.length > 0) return { ...settled, gathers };
  await writeFinished(store, manifest.run, summary, submissionOf(jobs));
  await store.remove([runKeys.heartbeat(manifest.run)]);
  return settled;
}
