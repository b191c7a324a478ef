import pLimit from 'p-limit';
import type { AttemptRecord, RecordedFile } from '../record/attempt-record.ts';
import { succeededKey } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import { readRecord } from '../record/read-record.ts';
import type { Store } from '../store/store.ts';
import { cohortKey, readSamples, type TaskTable } from '../ledger/task-table.ts';

/** A published file of a run. */
export interface ResultFile extends RecordedFile {
  sample: string;
  step: string;
}

const PARALLEL_READS = 32;

/** Steps whose outputs no other sample step uses: what a user came for. */
export function endSteps(manifest: Manifest): string[] {
  const sampleSteps = manifest.steps.filter(({ scope }) => scope === 'sample');
  const used = new Set(sampleSteps.flatMap(({ upstream }) => upstream));
  const gathers = manifest.steps.filter(
    ({ scope, upstream }) =>
      scope === 'cohort' && upstream.some((name) => sampleSteps.some((step) => step.name === name)),
  );
  return [...sampleSteps.filter(({ name }) => !used.has(name)), ...gathers].map(({ name }) => name);
}

/** Samples whose files of an intermediate step are gone, by step. */
export function removedResults({ rows }: TaskTable, steps: readonly string[]): Map<string, Set<string>> {
  const removed = steps.map((step): [string, Set<string>] => {
    return [step, new Set(rows.filter(({ tasks }) => tasks[step]?.removed).map(({ sample }) => sample))];
  });
  return new Map(removed.filter(([, samples]) => samples.size > 0));
}

/** Files that these steps of a run have published and that are there, in the order of the sample list. */
export async function listResults(store: Store, table: TaskTable, steps: readonly string[]): Promise<ResultFile[]> {
  const { manifest } = table;
  const limit = pLimit(PARALLEL_READS);
  const samples = await readSamples(store, manifest);
  const removed = removedResults(table, steps);
  const tasks = steps.flatMap((step) => {
    const cohort = manifest.steps.find(({ name }) => name === step);
    if (cohort?.task) return [{ step, sample: 'cohort', key: cohortKey(manifest, cohort, table.rows) }];
    return samples.flatMap(({ name, tasks: ofSample }) =>
      ofSample[step] && !removed.get(step)?.has(name) ? [{ step, sample: name, key: ofSample[step].key }] : [],
    );
  });
  const records = await Promise.all(
    tasks.map((task) =>
      limit(async () => {
        const key = succeededKey({ pipeline: manifest.pipeline, ...task });
        return readRecord(key, await store.read(key));
      }),
    ),
  );
  return records
    .filter((record): record is AttemptRecord => record !== undefined)
    .flatMap(({ sample, step, outputs }) => outputs.map((file) => ({ sample, step, ...file })));
}
