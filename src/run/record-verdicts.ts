import pLimit from 'p-limit';
import type { Engine, TaskVerdict } from '../engine/engine.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import type { FailureCause } from '../record/cause.ts';
import { type AttemptId, failedKey, logKey } from '../record/keys.ts';
import { expandRanges, type JobDocument, type ManifestSample, sampleAt } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { SubmittedJob } from '../ledger/run-store.ts';
import { cohortKey, readSamples, type TaskTable } from '../ledger/task-table.ts';

/** Records written at a time. */
const PARALLEL_WRITES = 32;
/** The engine is asked for the output of so many tasks of a job: most fail for the same reason. */
const LOGS_PER_JOB = 20;
/** Of a log's end, kept in the record. */
const LAST_LINES = 50;

/**
 * Writes a record on behalf of tasks that have finished without one: their machine was lost, or they never started.
 * Only for those the engine is asked, for the cause and the output, both of which it keeps for a limited time.
 */
export async function recordVerdicts(
  store: Store,
  engine: Engine,
  table: TaskTable,
  submitted: readonly SubmittedJob[],
): Promise<number> {
  const limit = pLimit(PARALLEL_WRITES);
  let samples: ManifestSample[] | undefined;
  let written = 0;
  for (const { job, jobId } of submitted) {
    const silent = silentElements(table, job.step, job.samples);
    const verdicts = silent.length === 0 ? [] : await engine.verdicts(jobId, silent);
    if (verdicts.length === 0) continue;
    const all = (samples ??= await readSamples(store, table.manifest));
    const writing = verdicts.map((verdict, i) =>
      limit(async () => {
        const record = verdictRecord(table, all[sampleAt(job.samples, verdict.index) ?? -1], job, verdict);
        if (!record.key) return;
        // A missing log is no reason to omit the rest.
        const log = i < LOGS_PER_JOB ? await engine.log(jobId, verdict.index).catch(() => undefined) : undefined;
        await writeFailed(store, log ? await withLog(store, record, log) : record, verdict.cause);
        written += 1;
      }),
    );
    await Promise.all(writing);
  }
  return written;
}

function attemptOf({ run, submission, attempt }: AttemptRecord): AttemptId {
  return { run, submission, attempt };
}

async function withLog(store: Store, record: AttemptRecord, text: string): Promise<AttemptRecord> {
  const log = logKey(record, attemptOf(record));
  await store.write(log, text);
  return { ...record, log, stderrTail: text.trimEnd().split('\n').slice(-LAST_LINES) };
}

async function writeFailed(store: Store, record: AttemptRecord, cause: FailureCause): Promise<void> {
  await store.write(failedKey(record, attemptOf(record), cause), `${JSON.stringify(record)}\n`);
}

/** Array indices of a job's tasks that have neither a success nor a failure on record, and were not held up by another. */
function silentElements(table: TaskTable, step: string, ranges: readonly (readonly [number, number])[]): number[] {
  if (ranges.length === 0) return table.cohort.tasks[step]?.state === 'waiting' ? [0] : [];
  return expandRanges(ranges).flatMap((position, index) =>
    table.rows[position]?.tasks[step]?.state === 'waiting' ? [index] : [],
  );
}

function verdictRecord(
  { manifest, rows }: TaskTable,
  sample: ManifestSample | undefined,
  { job, step, submission }: JobDocument,
  verdict: TaskVerdict,
): AttemptRecord {
  const now = new Date().toISOString();
  const cohort = manifest.steps.find(({ name }) => name === step);
  return {
    ...{
      version: 1,
      state: 'failed',
      pipeline: manifest.pipeline,
      sample: sample?.name ?? 'cohort',
      key: sample?.tasks[step]?.key ?? (cohort ? cohortKey(manifest, cohort, rows) : ''),
    },
    ...{ params: {}, run: manifest.run, job, step, submission, attempt: verdict.attempts ?? 1, index: verdict.index },
    ...{ cause: verdict.cause, message: verdict.message, startedAt: now, endedAt: now, wallSeconds: 0, cpuSeconds: 0 },
    ...{ bytesIn: 0, bytesOut: 0, inputs: [], outputs: [], tools: [], toolVersions: {}, checks: [], metrics: {} },
    ...{ host: manifest.engine, stderrTail: [] },
  };
}
