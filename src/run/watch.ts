import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Engine, JobStatus } from '../engine/engine.ts';
import type { FailureCause } from '../record/cause.ts';
import { runKeys } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { OnEvent, RunSummary, StepProgress } from './events.ts';
import { type Heartbeat, writeHeartbeat } from '../ledger/heartbeat.ts';
import { writeFinished } from './finished.ts';
import { listRecords } from '../ledger/load-held.ts';
import { recordVerdicts } from './record-verdicts.ts';
import { latestJobs, readSubmitted, submissionOf, type SubmittedJob } from '../ledger/run-store.ts';
import { submitGathers } from './submit-gathers.ts';
import { summarise } from './summarise.ts';
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

/** Follows a run until all its jobs are over, then settles what left no record and says how it went. */
export async function watchRun(watch: Watch): Promise<{ table: TaskTable; summary: RunSummary }> {
  const startedAt = performance.now();
  const seen = new Set<string>();
  let { submitted } = watch;
  for (;;) {
    await watchJobs({ ...watch, submitted }, seen);
    const settled = await settleRun({ ...watch, submitted }, { wallSeconds: (performance.now() - startedAt) / 1000 });
    if (settled.forgotten > 0) watch.onEvent({ kind: 'warning', message: forgottenText(settled.forgotten) });
    if (settled.superseded) {
      // Somebody has submitted the run again: what we know of is only its beginning.
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

/** Resolves when all jobs are over. `seen` is what has been told already. */
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

/** A gather that was submitted late stands for its job from then on. */
function withGathers(submitted: readonly SubmittedJob[], gathers: readonly SubmittedJob[]): SubmittedJob[] {
  const names = new Set(gathers.map(({ job }) => job.job));
  return [...submitted.filter(({ job }) => !names.has(job.job)), ...gathers];
}

/** Says once why jobs do not move, where the engine knows. */
function tellStuck({ onEvent }: Watch, statuses: readonly JobStatus[], told: Set<string>): void {
  for (const { stuck } of statuses) {
    if (stuck === undefined || told.has(stuck)) continue;
    told.add(stuck);
    onEvent({ kind: 'warning', message: stuck });
  }
}

/**
 * True when the engine has no job left that may still change. A job that it has forgotten is nobody's any more: whether
 * its tasks are done is for the records to say, and `retry` takes up those that are not.
 */
export function isOver(statuses: readonly JobStatus[]): boolean {
  return statuses.every(({ state }) => state === 'succeeded' || state === 'failed' || state === 'unknown');
}

/** Says that we are here, and hears whether somebody wants the run to stop. What is wrong with the store is told once. */
async function beat(watch: Watch, ids: readonly string[], told: Set<string>): Promise<void> {
  const { store, engine, manifest, heartbeat, onEvent } = watch;
  if (!heartbeat) return;
  try {
    await writeHeartbeat(store, manifest.run, heartbeat());
  } catch (error) {
    // A disk that a task has filled may be free again in a moment, and the other tasks go on.
    const message = `Others cannot see that the run is going on: ${messageOf(error)}`;
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

/** Tells each failure once, as soon as its record is there; costs a listing only when a step's failures grew. */
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

/** How a run stands when all that was submitted is over. */
export interface Settled {
  table: TaskTable;
  summary: RunSummary;
  /** Gathers that waited for this and have been submitted now: while there are any, the run is not over. */
  gathers: SubmittedJob[];
  /** Tasks of which neither the records nor the engine know what became: nothing may be concluded from that. */
  forgotten: number;
  /** True where the run has been submitted again since: it is not for us to say that it is over. */
  superseded: boolean;
}

export function forgottenText(tasks: number): string {
  return `Nobody knows what became of ${tasks} tasks: the engine has forgotten their jobs, or is asked in another account or region. "retry" does them again.`;
}

/**
 * Once all jobs are over: writes down what the engine knows of tasks that left no record; then submits the gathers that
 * could not wait for it by themselves, unless told not to; or, where there are none, writes down that the run is over.
 * A run with tasks that the engine has forgotten, and that nobody has cancelled, is not over: it may be at work elsewhere.
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
