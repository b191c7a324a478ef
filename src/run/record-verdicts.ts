import type { Engine, TaskVerdict } from '../engine/engine.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { failedKey } from '../record/keys.ts';
import { expandRanges, type ManifestSample } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { SubmittedJob } from './submitted-job.ts';
import { cohortKey, readSamples, type TaskTable } from './task-table.ts';

/**
 * Writes a record on behalf of tasks that are over and left none: their machine went away, or they never started.
 * The engine is asked only about those.
 */
export async function recordVerdicts(
  store: Store,
  engine: Engine,
  table: TaskTable,
  submitted: readonly SubmittedJob[],
): Promise<number> {
  const samples = await readSamples(store, table.manifest);
  let written = 0;
  for (const { job, jobId } of submitted) {
    const silent = silentElements(table, job.step, job.samples);
    if (silent.length === 0) continue;
    for (const verdict of await engine.verdicts(jobId, silent)) {
      const position = expandRanges(job.samples)[verdict.index];
      const sample = position === undefined ? undefined : samples[position];
      const record = verdictRecord(
        table,
        sample,
        { job: job.job, step: job.step, submission: job.submission },
        verdict,
      );
      if (!record.key) continue;
      const attempt = { run: record.run, submission: record.submission, attempt: record.attempt };
      await store.write(failedKey(record, attempt, verdict.cause), `${JSON.stringify(record)}\n`);
      written += 1;
    }
  }
  return written;
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
  job: { job: string; step: string; submission: number },
  verdict: TaskVerdict,
): AttemptRecord {
  const now = new Date().toISOString();
  const cohort = manifest.steps.find(({ name }) => name === job.step);
  return {
    ...{
      version: 1,
      state: 'failed',
      pipeline: manifest.pipeline,
      sample: sample?.name ?? 'cohort',
      key: sample?.tasks[job.step]?.key ?? (cohort ? cohortKey(manifest, cohort, rows) : ''),
    },
    ...{ params: {}, run: manifest.run, ...job, attempt: verdict.attempts ?? 1, index: verdict.index },
    ...{ cause: verdict.cause, message: verdict.message, startedAt: now, endedAt: now, wallSeconds: 0, cpuSeconds: 0 },
    ...{ bytesIn: 0, bytesOut: 0, inputs: [], outputs: [], tools: [], toolVersions: {}, checks: [], metrics: {} },
    ...{ host: manifest.engine, stderrTail: [] },
  };
}
