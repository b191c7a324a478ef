import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildCode } from '../../../src/deploy/user-code.ts';
import { type BuiltZip, publishZip } from '../../../src/deploy/zip.ts';
import type { Engine, JobStatus } from '../../../src/engine/engine.ts';
import { loadPipeline } from '../../../src/pipeline/load-pipeline.ts';
import { readParams } from '../../../src/pipeline/read-params.ts';
import type { TaskResources } from '../../../src/pipeline/resources.ts';
import { type AttemptRecord, readRecord } from '../../../src/record/attempt-record.ts';
import { parseRecordKey, recordsPrefix } from '../../../src/record/keys.ts';
import type { JobDocument, Manifest } from '../../../src/record/manifest.ts';
import type { RunEvent, RunSummary } from '../../../src/run/events.ts';
import { prepareRun, refuseErrors } from '../../../src/run/prepare.ts';
import { listResults } from '../../../src/run/results.ts';
import { startRun } from '../../../src/run/start.ts';
import type { SubmittedJob } from '../../../src/ledger/run-store.ts';
import type { TaskTable } from '../../../src/ledger/task-table.ts';
import { watchRun } from '../../../src/run/watch.ts';
import { unpackCode } from '../../../src/runner/unpack-code.ts';
import { createLocator, type OpenStoreOptions } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';

/** What an engine's test gives to the contract suite: one for each test. */
export interface EngineHarness {
  engine: Engine;
  /** A store that nothing else uses; the engine's runners can open it by its URL. */
  store: Store;
  /** With which the store is opened, for the locations of samples. */
  storeOptions?: OpenStoreOptions;
  /** An empty folder that tasks and this process see under the same path. */
  folder: string;
  /** A second engine, as another process has it that knows nothing of the first; only of engines that are detached. */
  another?(): Engine;
  close(): Promise<void>;
}

/** The commands of one sample, see contract-pipeline.ts. */
export interface Told {
  first?: string;
  second?: string;
}

export interface RunOptions {
  reference?: string;
  gather?: string;
  /** Tries for causes that may pass; 1 by default. */
  attempts?: number;
  /** Of every step. */
  resources?: Partial<TaskResources>;
  /** Changes the jobs before they are submitted. */
  change?: (job: JobDocument) => JobDocument;
}

export interface StartedRun {
  manifest: Manifest;
  submitted: SubmittedJob[];
  jobIds: string[];
  /** Id of the step's first job. */
  jobOf(step: string): string;
  /** Watches to the end. */
  over(onEvent?: (event: RunEvent) => void): Promise<{ table: TaskTable; summary: RunSummary }>;
}

export interface EngineLab extends EngineHarness {
  /** Watches a run that another lab started. */
  follow(run: Pick<StartedRun, 'manifest' | 'submitted'>): Promise<{ table: TaskTable; summary: RunSummary }>;
  /** Writes a run down and submits it. */
  start(samples: Readonly<Record<string, Told>>, options?: RunOptions): Promise<StartedRun>;
  /** Lets tasks go on that wait for this file. */
  release(file: string): void;
  /** Resolves when a task has left this mark: `first.S1.1.end`. */
  happened(mark: string): Promise<void>;
  /** All marks of this kind so far, in order. */
  marks(kind: 'start' | 'end'): string[];
  /** When a mark was left, in nanoseconds of this machine's clock. */
  time(mark: string): bigint;
  /** Records of a step, by sample and try. */
  records(step: string): Promise<AttemptRecord[]>;
  /** `step/sample/name` to SHA-256 of everything that the run has published. */
  published(table: TaskTable): Promise<Record<string, string | undefined>>;
}

const PIPELINE = join(import.meta.dirname, 'contract-pipeline.ts');
const LOOK_MS = 20;

export function openLab(harness: EngineHarness): EngineLab {
  const { store, folder } = harness;
  const path = (mark: string) => join(folder, mark);
  return {
    ...harness,
    follow: (run) => watch(harness, run),
    start: (samples, options = {}) => start(harness, samples, options),
    release: (file) => writeFileSync(path(file), ''),
    happened: async (mark) => {
      while (!existsSync(path(mark))) await sleep(LOOK_MS);
    },
    marks: (kind) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(`.${kind}`))
        .toSorted(),
    time: (mark) => BigInt(readFileSync(path(mark), 'utf8')),
    records: (step) => records(store, step),
    published: async (table) => {
      const steps = table.manifest.steps.map(({ name }) => name);
      const files = await listResults(store, table, steps);
      return Object.fromEntries(files.map(({ step, sample, name, sha256 }) => [`${step}/${sample}/${name}`, sha256]));
    },
  };
}

async function start(
  harness: EngineHarness,
  samples: Readonly<Record<string, Told>>,
  { attempts = 1, resources = {}, change = (job) => job, ...deeds }: RunOptions,
): Promise<StartedRun> {
  const { engine, store, folder } = harness;
  const loaded = await loadPipeline(PIPELINE);
  const { pipeline } = loaded;
  const given = Object.entries({ folder, ...deeds }).map(([name, value]) => ({ name, value, where: name }));
  const prepared = await prepareRun({
    loaded: {
      ...loaded,
      pipeline: { ...pipeline, steps: pipeline.steps.map((step) => ({ ...step, attempts })) },
    },
    rows: Object.entries(samples).map(([name, told]) => ({
      name,
      cells: { text: writeText(folder, name), ...told },
      where: name,
    })),
    ...{ params: readParams(pipeline, given), references: {}, environments: {}, engine, store },
    overrides: Object.fromEntries(pipeline.steps.map(({ name }) => [name, resources])),
    locate: createLocator(harness.storeOptions ?? {}),
  });
  refuseErrors(prepared.findings);
  const jobs = prepared.jobs.map(change);
  const built = await buildCode(loaded);
  const code = { code: await publishZip(store, built), ...(engine.name === 'local' ? unpacked(built, folder) : {}) };
  const { manifest, submitted } = await startRun(
    { ...prepared, jobs },
    { name: 'run', programVersion: '0', onEvent: () => undefined, code },
  );
  return {
    ...{ manifest, submitted, jobIds: submitted.map(({ jobId }) => jobId) },
    jobOf: (step) => submitted.find(({ job }) => job.step === step)?.jobId ?? '',
    over: (onEvent) => watch(harness, { manifest, submitted }, onEvent),
  };
}

/** As the command does for the engine that lives no longer than it. */
function unpacked({ bytes, sha256 }: BuiltZip, home: string): { folder: string } {
  const folder = join(home, 'code', sha256);
  if (!existsSync(folder)) unpackCode(bytes, folder);
  return { folder };
}

function watch(
  { engine, store }: EngineHarness,
  { manifest, submitted }: Pick<StartedRun, 'manifest' | 'submitted'>,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<{ table: TaskTable; summary: RunSummary }> {
  return watchRun({ store, engine, manifest, submitted, onEvent, signal: new AbortController().signal });
}

function writeText(folder: string, sample: string): string {
  mkdirSync(join(folder, 'texts'), { recursive: true });
  const path = join(folder, 'texts', `${sample}.txt`);
  // Once: a file's modification time is part of what it is.
  if (!existsSync(path)) writeFileSync(path, `text of ${sample}\n`);
  return path;
}

async function records(store: Store, step: string): Promise<AttemptRecord[]> {
  const found: AttemptRecord[] = [];
  for await (const page of store.list(recordsPrefix('contract', step))) {
    for (const { key } of page) {
      const record = parseRecordKey(key) && readRecord(key, await store.read(key));
      if (record) found.push(record);
    }
  }
  return found.toSorted((a, b) => a.sample.localeCompare(b.sample) || a.attempt - b.attempt);
}

/** `{ S1: ['succeeded', 'failed: tool'] }`: every task's state by sample, in the order of the steps. */
export function statesOf({ rows, cohort }: TaskTable): Record<string, string[]> {
  return Object.fromEntries(
    [...rows, cohort].map(({ sample, tasks }) => [
      sample,
      Object.values(tasks).map(({ state, cause }) => (cause ? `${state}: ${cause}` : state)),
    ]),
  );
}

export function total(counts: JobStatus['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
