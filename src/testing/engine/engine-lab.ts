import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildCode } from '../../deploy/user-code.ts';
import { type BuiltZip, publishZip } from '../../deploy/zip.ts';
import type { Engine, JobStatus } from '../../engine/engine.ts';
import type { Elsewhere } from '../../engine/provider.ts';
import { given } from '../../given.ts';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { readParams } from '../../pipeline/read-params.ts';
import type { TaskResources } from '../../pipeline/resources.ts';
import { type AttemptRecord, readRecord } from '../../record/attempt-record.ts';
import { parseRecordKey, recordsPrefix } from '../../record/keys.ts';
import type { JobDocument, Manifest } from '../../record/manifest.ts';
import type { RunEvent, RunSummary } from '../../run/events.ts';
import { prepareRun, refuseErrors } from '../../run/prepare.ts';
import { listResults } from '../../run/results.ts';
import { startRun } from '../../run/start.ts';
import type { SubmittedJob } from '../../ledger/run-store.ts';
import type { TaskTable } from '../../ledger/task-table.ts';
import { watchRun } from '../../run/watch.ts';
import { unpackCode } from '../../runner/unpack-code.ts';
import { createLocator, type OpenStoreOptions } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';

/** What the contract needs to know of an engine: opened for each case. */
export interface EngineHarness {
  engine: Engine;
  /** A store that nothing else uses; the engine's runners can open it by its URL. */
  store: Store;
  /** With which the store is opened, for the locations of samples. */
  storeOptions?: OpenStoreOptions;
  /** Publishes what tasks fetch that do not see this machine's files, as of `OpenedEngine`. */
  elsewhere?: Elsewhere | undefined;
  /** An empty folder that tasks and this process see under the same path. */
  folder: string;
  /** The same engine as another process would open it, which knows nothing of the first; only of a detached one. */
  another?(): Engine | Promise<Engine>;
  /** Closes the engine, which may be closed already, and removes what is left. */
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
  /** Added to that of every job. */
  environment?: Readonly<Record<string, string>>;
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

/** A promise of every engine. */
export interface EnginePromise {
  name: string;
  holds: (lab: EngineLab) => Promise<void>;
}

/** Beside this file, or beside the built program. */
const PIPELINE = ['contract-pipeline.ts', 'contract-pipeline.mjs']
  .map((name) => join(import.meta.dirname, name))
  .find((path) => existsSync(path));
const LOOK_MS = 20;
/** For a mark: more than a busy scheduler needs to start a task. */
const PATIENCE_MS = 600_000;

/**
 * Copies the contract's pipeline into a folder, since modules of this package are no part of a pipeline's code; returns
 * its path.
 */
function copyPipeline(folder: string): string {
  if (PIPELINE === undefined) throw new Error('This package is incomplete: it has no contract-pipeline.mjs');
  // Its own tests run from source.
  if (PIPELINE.endsWith('.ts')) return PIPELINE;
  const copy = join(folder, basename(PIPELINE));
  if (!existsSync(copy)) copyFileSync(PIPELINE, copy);
  return copy;
}

export function openLab(harness: EngineHarness): EngineLab {
  const { store, folder } = harness;
  const path = (mark: string) => join(folder, mark);
  return {
    ...harness,
    follow: (run) => watch(harness, run),
    start: (samples, options = {}) => start(harness, samples, options),
    release: (file) => writeFileSync(path(file), ''),
    happened: (mark) => until(() => existsSync(path(mark)), `${mark} in ${folder}`),
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

/** Looks again and again, until it is true. */
export async function until(look: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited ${PATIENCE_MS / 60_000} minutes in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}

async function start(
  harness: EngineHarness,
  samples: Readonly<Record<string, Told>>,
  { attempts = 1, resources = {}, environment = {}, change = (job) => job, ...deeds }: RunOptions,
): Promise<StartedRun> {
  const { store, folder } = harness;
  const engine = withEnvironment(harness.engine, environment);
  const loaded = await loadPipeline(copyPipeline(folder));
  const { pipeline } = loaded;
  const params = Object.entries({ folder, ...deeds }).map(([name, value]) => ({ name, value, where: name }));
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
    ...{ params: readParams(pipeline, params), references: {}, environments: {}, engine, store },
    overrides: Object.fromEntries(pipeline.steps.map(({ name }) => [name, resources])),
    locate: createLocator(harness.storeOptions ?? {}),
  });
  refuseErrors(prepared.findings);
  const jobs = prepared.jobs.map(change);
  const built = await buildCode(loaded);
  const bundle = await harness.elsewhere?.bundle(built.bytes);
  const local = engine.name === 'local' ? unpacked(built, folder) : {};
  const code = { code: await publishZip(store, built), ...given({ bundle }), ...local };
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

/** The engine may be of a class: only `submit` is another. */
function withEnvironment(engine: Engine, environment: Readonly<Record<string, string>>): Engine {
  const submit: Engine['submit'] = (job, dependencies) =>
    engine.submit({ ...job, environment: { ...job.environment, ...environment } }, dependencies);
  return new Proxy(engine, {
    get(_, name) {
      const own: unknown = name === 'submit' ? submit : Reflect.get(engine, name);
      return typeof own === 'function' ? (own.bind(engine) as unknown) : own;
    },
  });
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
