import pLimit from 'p-limit';
import { loadHeld } from '../ledger/load-held.ts';
import { cohortKey, missingMembers, type TaskRow, taskTable } from '../ledger/task-table.ts';
import { type Held, lastFailure } from '../record/held.ts';
import type { CohortMember, Step } from '../pipeline/step.ts';
import { type AttemptRecord, readRecord } from '../record/attempt-record.ts';
import { failedKey } from '../record/keys.ts';
import type { Manifest, ManifestSample } from '../record/manifest.ts';
import type { MissingMember } from '../record/task-key.ts';
import type { Store } from '../store/store.ts';
import { readSuccess } from './task-result.ts';

/** Records read at a time while gathering. */
const PARALLEL_READS = 32;
/** A truncated record is removed when it is read; missing samples are then determined again. */
const MOST_LOOKS = 3;

/** The input of a gather: the samples that succeeded, with their records, and those that are missing, and why. */
export interface Cohort {
  /** Of the gather's task: it determines which samples are missing. */
  key: string;
  members: CohortMember[];
  collected: { sample: string; records: Record<string, AttemptRecord> }[];
  /** Results that should be collected but do not exist, although their sample is not missing: `call of S1`. */
  absent: string[];
}

type ManifestStep = Manifest['steps'][number];

/** Reads the outcome of every sample of the run; missing samples are determined as for `status` and `retry`. */
export async function readCohort(
  store: Store,
  manifest: Manifest,
  { name }: Step,
  samples: readonly ManifestSample[],
): Promise<Cohort> {
  const step = manifest.steps.find((described) => described.name === name) as ManifestStep;
  for (let look = 1; ; look += 1) {
    const cohort = await lookAtCohort(store, manifest, step, samples);
    if (cohort.absent.length === 0 || look === MOST_LOOKS) return cohort;
  }
}

async function lookAtCohort(
  store: Store,
  manifest: Manifest,
  step: ManifestStep,
  samples: readonly ManifestSample[],
): Promise<Cohort> {
  const steps = manifest.steps.map((described) => described.name);
  const held = await loadHeld(store, manifest.pipeline, steps);
  const { rows } = taskTable(manifest, held, samples);
  const missing = new Map(missingMembers(step.upstream, rows).map((member) => [member.sample, member]));
  const limit = pLimit(PARALLEL_READS);
  const entries = await Promise.all(
    samples.map((sample, i) =>
      limit(async () => {
        const records = await readRecords(store, manifest, sample, rows[i] as TaskRow);
        const without = missing.get(sample.name);
        const told =
          without && (await missingMessage(store, manifest, held, { sample, without, row: rows[i] as TaskRow }));
        return { member: memberOf(sample.name, records, told), records };
      }),
    ),
  );
  const collected = entries.flatMap(({ member, records }) =>
    member.missing ? [] : [{ sample: member.sample, records }],
  );
  return {
    key: cohortKey(manifest, step, rows),
    members: entries.map(({ member }) => member),
    collected,
    absent: entries.flatMap(({ member, records }, i) =>
      step.upstream
        .filter((of) => !member.missing && samples[i]?.tasks[of] && !records[of])
        .map((of) => `${of} of ${member.sample}`),
    ),
  };
}

/** Success records by step. */
async function readRecords(
  store: Store,
  { pipeline }: Manifest,
  { name, tasks }: ManifestSample,
  row: TaskRow,
): Promise<Record<string, AttemptRecord>> {
  const records: Record<string, AttemptRecord> = {};
  for (const [step, { state }] of Object.entries(row.tasks)) {
    const key = state === 'succeeded' ? tasks[step]?.key : undefined;
    const record = key === undefined ? undefined : await readSuccess(store, { pipeline, step, sample: name, key });
    if (record) records[step] = record;
  }
  return records;
}

function memberOf(
  sample: string,
  records: Readonly<Record<string, AttemptRecord>>,
  missing: CohortMember['missing'],
): CohortMember {
  const steps = Object.entries(records).map(([step, record]) => {
    const { metrics, wallSeconds, cpuSeconds, peakMemoryMiB } = record;
    return [step, { metrics, wallSeconds, cpuSeconds, peakMemoryMiB }];
  });
  return { sample, steps: Object.fromEntries(steps), ...(missing ? { missing } : {}) };
}

/** Why, in the words of the failed attempt; only missing samples cost a read. */
async function missingMessage(
  store: Store,
  manifest: Manifest,
  held: Held,
  { sample, without, row }: { sample: ManifestSample; without: MissingMember; row: TaskRow },
): Promise<NonNullable<CohortMember['missing']>> {
  const { step, cause } = without;
  const ref = { pipeline: manifest.pipeline, step, sample: sample.name, key: sample.tasks[step]?.key ?? '' };
  const failure = cause === 'not-run' ? undefined : lastFailure(held.get(step), ref.sample, ref.key, manifest.run);
  if (!failure) {
    const message = row.tasks[step]?.state === 'damaged' ? 'an output is missing or changed' : 'has not run';
    return { step, cause, message };
  }
  const record = failedKey(ref, failure.attempt, failure.cause);
  const message = readRecord(record, await store.read(record))?.message;
  return { step, cause, message: message?.split('\n')[0] ?? `failed (${failure.cause})` };
}
