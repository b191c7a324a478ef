import pLimit from 'p-limit';
import { upstreamSteps } from '../pipeline/pipeline.ts';
import type { CohortMember, Step } from '../pipeline/step.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import type { FailureCause } from '../record/cause.ts';
import { parseRecordKey, recordsPrefix } from '../record/keys.ts';
import type { Manifest, ManifestSample } from '../record/manifest.ts';
import { readRecord } from '../record/read-record.ts';
import type { Store } from '../store/store.ts';
import { readSuccess } from './read-success.ts';

/** Records read at a time while gathering. */
const PARALLEL_READS = 32;

/** What a gather works on: who made it through, with their records, and who is missing and why. */
export interface Cohort {
  members: CohortMember[];
  collected: { sample: string; records: Record<string, AttemptRecord> }[];
}

/** Reads what became of every sample of the run; only samples that finished all collected steps are collected. */
export async function readCohort(
  store: Store,
  manifest: Manifest,
  step: Step,
  samples: AsyncIterable<ManifestSample>,
): Promise<Cohort> {
  const sampleSteps = manifest.steps.filter(({ scope }) => scope === 'sample').map(({ name }) => name);
  const failures = await readFailures(store, manifest, sampleSteps);
  const limit = pLimit(PARALLEL_READS);
  const entries: Promise<{ member: CohortMember; records: Record<string, AttemptRecord> }>[] = [];
  for await (const sample of samples) {
    entries.push(limit(async () => readMember(store, manifest, sample, sampleSteps, failures, upstreamSteps(step))));
  }
  const read = await Promise.all(entries);
  return {
    members: read.map(({ member }) => member),
    collected: read.flatMap(({ member, records }) => (member.missing ? [] : [{ sample: member.sample, records }])),
  };
}

interface Failure {
  cause: FailureCause;
  /** Orders the attempts of one run. */
  at: number;
  /** Key of the record. */
  record: string;
}

/** `step/sample.key` to the latest failure in this run. */
async function readFailures(store: Store, manifest: Manifest, steps: readonly string[]): Promise<Map<string, Failure>> {
  const failures = new Map<string, Failure>();
  for (const step of steps) {
    for await (const page of store.list(recordsPrefix(manifest.pipeline, step))) {
      for (const { key: record } of page) {
        const name = parseRecordKey(record);
        if (name?.state !== 'failed' || name.attempt.run !== manifest.run) continue;
        const at = name.attempt.submission * 1000 + name.attempt.attempt;
        const task = `${step}/${name.sample}.${name.key}`;
        if (at > (failures.get(task)?.at ?? -1)) failures.set(task, { cause: name.cause as FailureCause, at, record });
      }
    }
  }
  return failures;
}

/** In the words of the attempt that failed; only missing samples cost a read. */
async function missingMessage(store: Store, failure: Failure | undefined): Promise<string> {
  if (!failure) return 'has not run';
  const message = readRecord(failure.record, await store.read(failure.record))?.message;
  return message?.split('\n')[0] ?? `failed (${failure.cause})`;
}

async function readMember(
  store: Store,
  manifest: Manifest,
  sample: ManifestSample,
  steps: readonly string[],
  failures: ReadonlyMap<string, Failure>,
  collectedSteps: readonly string[],
): Promise<{ member: CohortMember; records: Record<string, AttemptRecord> }> {
  const member: CohortMember & { steps: Record<string, CohortMember['steps'][string]> } = {
    sample: sample.name,
    steps: {},
  };
  const records: Record<string, AttemptRecord> = {};
  for (const step of steps) {
    const key = sample.tasks[step]?.key;
    if (!key) continue;
    const record = await readSuccess(store, { pipeline: manifest.pipeline, step, sample: sample.name, key });
    if (record) {
      records[step] = record;
      member.steps[step] = {
        metrics: record.metrics,
        wallSeconds: record.wallSeconds,
        cpuSeconds: record.cpuSeconds,
        peakMemoryMiB: record.peakMemoryMiB,
      };
    } else if (!member.missing && (collectedSteps.includes(step) || failures.has(`${step}/${sample.name}.${key}`))) {
      const failure = failures.get(`${step}/${sample.name}.${key}`);
      member.missing = { step, cause: failure?.cause ?? 'not-run', message: await missingMessage(store, failure) };
    }
  }
  return { member, records };
}
