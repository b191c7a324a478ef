import { cohortKey, readSamples, type TaskTable } from '../ledger/task-table.ts';
import { type AttemptRecord, readRecord } from '../record/attempt-record.ts';
import { failedKey, parseRecordKey, recordsPrefix, succeededKey } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';

/** The record of a task in a run: of its success, else of its latest failure. `undefined` before it has ended. */
export async function taskRecord(
  store: Store,
  table: TaskTable,
  sample: string,
  step: string,
): Promise<AttemptRecord | undefined> {
  const { manifest } = table;
  const described = manifest.steps.find(({ name }) => name === step);
  const key = described?.task
    ? cohortKey(manifest, described, table.rows)
    : ((await readSamples(store, manifest)).find(({ name }) => name === sample)?.tasks[step]?.key ?? '');
  const recordKey = succeededKey({ pipeline: manifest.pipeline, step, sample, key });
  return readRecord(recordKey, await store.read(recordKey)) ?? lastFailedRecord(store, manifest, sample, step);
}

/** The latest failed attempt of a task in this run. */
async function lastFailedRecord(
  store: Store,
  manifest: Manifest,
  sample: string,
  step: string,
): Promise<AttemptRecord | undefined> {
  let latest: { key: string; at: number } | undefined;
  for await (const page of store.list(`${recordsPrefix(manifest.pipeline, step)}${sample}.`)) {
    for (const { key } of page) {
      const name = parseRecordKey(key);
      if (name?.state !== 'failed' || name.sample !== sample || name.attempt.run !== manifest.run) continue;
      const at = name.attempt.submission * 1000 + name.attempt.attempt;
      const full = failedKey({ pipeline: manifest.pipeline, step, sample, key: name.key }, name.attempt, name.cause);
      if (at >= (latest?.at ?? 0)) latest = { key: full, at };
    }
  }
  return latest && readRecord(latest.key, await store.read(latest.key));
}

/** Records of the tasks that failed by themselves, and how many there are; cancelled tasks are left out. */
export interface Failures {
  total: number;
  records: AttemptRecord[];
}

/** @param most records read */
export async function readFailures(store: Store, table: TaskTable, most: number): Promise<Failures> {
  const failed = [...table.rows, table.cohort].flatMap((row) =>
    Object.entries(row.tasks).flatMap(([step, { state, cause }]) =>
      state === 'failed' && cause !== 'cancelled' ? [{ sample: row.sample, step }] : [],
    ),
  );
  const records: AttemptRecord[] = [];
  for (const { sample, step } of failed.slice(0, most)) {
    const record = await lastFailedRecord(store, table.manifest, sample, step);
    if (record) records.push(record);
  }
  return { total: failed.length, records };
}
