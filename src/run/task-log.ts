import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closest } from 'fastest-levenshtein';
import type { Engine } from '../engine/engine.ts';
import { PipelineError } from '../errors.ts';
import { readHeartbeat } from '../ledger/heartbeat.ts';
import { readSubmitted } from '../ledger/run-store.ts';
import { readTaskTable, type TaskRow, type TaskTable } from '../ledger/task-table.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { logKey } from '../record/keys.ts';
import { expandRanges, type JobDocument, type Manifest } from '../record/manifest.ts';
import { pasteable } from '../runner/bash-script.ts';
import { LOG_FILE, scratchNamed, type ScratchOwner } from '../runner/scratch.ts';
import type { Store } from '../store/store.ts';
import { isOver } from './watch.ts';
import { taskRecord } from './task-record.ts';

/** The output of a task: of the record's attempt, or of one that is running now and has none yet. */
export interface TaskLog {
  record: AttemptRecord | undefined;
  /** UTF-8, in the order it was written. While the task runs, `follow` waits for more until it ends. */
  text: AsyncIterable<Uint8Array>;
}

/** Whose log is wanted. */
interface Wanted {
  sample: string;
  /** Default: the step that failed, else the last one that has run. */
  step: string | undefined;
  follow: boolean;
  /** Only records count: a running attempt is not looked for. */
  ended: boolean;
}

/**
 * Finds the log of a task: of its running attempt, else of its recorded one.
 * @param open opens the run's engine; called for a task without a record on an engine elsewhere
 * @throws PipelineError `sample-unknown`, `step-unknown`, `log-missing`
 */
export async function findTaskLog(
  store: Store,
  manifest: Manifest,
  { sample, step, follow, ended }: Wanted,
  open: () => Promise<Engine>,
): Promise<TaskLog> {
  // Looked for before the records are: a task that ends meanwhile is then found in one of the two.
  const live = ended ? undefined : await findLiveAttempt(store, manifest.run, sample, step);
  const table = await readTaskTable(store, manifest);
  const { tasks, wanted } = wantedTask(table, sample, step);
  if (live !== undefined) return { record: undefined, text: liveText(store, live, follow) };
  const record = await taskRecord(store, table, sample, wanted);
  if (record) return { record, text: recordedText(store, record) };
  const task = ended || manifest.engine === 'local' ? undefined : await findJob(store, table, sample, wanted);
  const text = task && (await engineText(await open(), task, follow));
  if (!text) throw noLog(sample, wanted, tasks[wanted]?.state ?? 'waiting');
  return { record, text };
}

/**
 * The tasks of a sample, and the step that is wanted: by default the one that failed, else the last one that has run.
 * @throws PipelineError `sample-unknown`, `step-unknown`
 */
export function wantedTask(
  table: TaskTable,
  sample: string,
  step: string | undefined,
): { tasks: TaskRow['tasks']; wanted: string } {
  const row = [...table.rows, table.cohort].find((candidate) => candidate.sample === sample);
  if (!row) throw unknownSample(sample, table);
  if (step !== undefined && !row.tasks[step]) throw unknownStep(step, Object.keys(row.tasks));
  return { tasks: row.tasks, wanted: step ?? mostTelling(row.tasks) };
}

function mostTelling(tasks: TaskRow['tasks']): string {
  const steps = Object.entries(tasks);
  const failed = steps.find(([, { state }]) => state === 'failed');
  return (failed ?? steps.findLast(([, { state }]) => state === 'succeeded') ?? steps[0])?.[0] ?? '';
}

/** The command lines of an attempt's tools as its log would show them: `$ tool argument…`. */
export function commandLines({ host, tools }: AttemptRecord): string[] {
  const scratch = scratchNamed(
    host,
    tools.flatMap(({ argv }) => argv),
  );
  return tools.map(({ argv }) => `$ ${pasteable(argv, scratch)}`);
}

async function* recordedText(store: Store, { log }: AttemptRecord): AsyncIterable<Uint8Array> {
  const body = log === undefined ? undefined : await store.read(log);
  if (body) yield body;
}

/** An attempt that is running on this machine. */
interface LiveAttempt {
  /** Its scratch folder. */
  folder: string;
  owner: ScratchOwner;
}

async function findLiveAttempt(
  store: Store,
  run: string,
  sample: string,
  step: string | undefined,
): Promise<LiveAttempt | undefined> {
  const beat = await readHeartbeat(store, run);
  if (!beat || !existsSync(beat.scratchRoot)) return undefined;
  for (const name of readdirSync(beat.scratchRoot)) {
    const folder = join(beat.scratchRoot, name);
    const owner = readOwner(join(folder, 'task.json'));
    if (owner?.run === run && owner.sample === sample && (step === undefined || owner.step === step))
      return { folder, owner };
  }
  return undefined;
}

function readOwner(file: string): ScratchOwner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ScratchOwner;
  } catch {
    return undefined;
  }
}

/** Between two looks at the log of a running attempt. */
const FOLLOW_MS = 200;
const CHUNK_BYTES = 64 * 1024;

async function* liveText(store: Store, { folder, owner }: LiveAttempt, follow: boolean): AsyncIterable<Uint8Array> {
  let log = openLog(folder);
  try {
    while (follow && existsSync(folder)) {
      log ??= openLog(folder);
      if (log !== undefined) yield* newChunks(log);
      await sleep(FOLLOW_MS);
    }
    // An open log stays readable although it is moved into the store when the attempt ends.
    if (log !== undefined) yield* newChunks(log);
    else yield (await store.read(logKey(owner, owner))) ?? new Uint8Array();
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

function openLog(folder: string): number | undefined {
  try {
    return openSync(join(folder, LOG_FILE), 'r');
  } catch {
    return undefined;
  }
}

/** Everything from where the last call ended. */
function* newChunks(log: number): Iterable<Uint8Array> {
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const count = readSync(log, chunk);
    if (count === 0) return;
    yield chunk.subarray(0, count);
  }
}

interface JobTask {
  jobId: string;
  index: number;
}

/** The latest job with this task, and its index there. */
async function findJob(
  store: Store,
  { manifest, rows }: TaskTable,
  sample: string,
  step: string,
): Promise<JobTask | undefined> {
  const position = rows.findIndex((row) => row.sample === sample);
  for (const { job, jobId } of (await readSubmitted(store, manifest.run)).toReversed()) {
    const index = job.step === step ? indexIn(job, position) : -1;
    if (index >= 0) return { jobId, index };
  }
  return undefined;
}

/** -1 where the job is for other samples; cohort jobs have one task. */
function indexIn(job: JobDocument, position: number): number {
  return job.samples.length === 0 ? 0 : expandRanges(job.samples).indexOf(position);
}

/** Engines elsewhere are asked for a task's output no more often than this. */
const ASK_MS = 3000;

/** What an engine has of a task's output; `undefined` if it has nothing and more is not waited for. */
async function engineText(
  engine: Engine,
  { jobId, index }: JobTask,
  follow: boolean,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const first = await engine.log(jobId, index);
  return first === undefined && !follow ? undefined : growingText(engine, { jobId, index }, first ?? '', follow);
}

/** Ends with the engine's job. */
async function* growingText(
  engine: Engine,
  { jobId, index }: JobTask,
  first: string,
  follow: boolean,
): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  let shown = first;
  yield encoder.encode(shown);
  while (follow && !isOver(await engine.poll([jobId]))) {
    await sleep(ASK_MS);
    const now = (await engine.log(jobId, index)) ?? '';
    // The engine may return only the end, which makes new lines indistinguishable from those already shown.
    yield encoder.encode(now.startsWith(shown) ? now.slice(shown.length) : now);
    shown = now;
  }
}

function unknownSample(sample: string, table: TaskTable): PipelineError {
  const names = table.rows.map((row) => row.sample);
  return new PipelineError({
    code: 'sample-unknown',
    message: `Run ${table.manifest.run} has no sample "${sample}"`,
    ...(names.length > 0 ? { hint: `Did you mean "${closest(sample, names)}"?` } : {}),
  });
}

export function unknownStep(step: string, steps: readonly string[]): PipelineError {
  return new PipelineError({
    code: 'step-unknown',
    message: `There is no step "${step}"`,
    hint: `Steps: ${steps.join(', ')}.`,
  });
}

function noLog(sample: string, step: string, state: string): PipelineError {
  return new PipelineError({
    code: 'log-missing',
    message: `${sample} ${step} has no log: ${state}`,
    hint: 'batch-pipeline status shows where the run is.',
  });
}
