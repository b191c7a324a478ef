import { PipelineError } from '../errors.ts';
import type { Suspect } from '../plan/suspects.ts';
import { type AttemptRecord, readRecord } from '../record/attempt-record.ts';
import { succeededKey, type TaskRef } from '../record/keys.ts';
import type { FileIdentity, Manifest, ManifestSample } from '../record/manifest.ts';
import { remember } from '../store/remember.ts';
import type { Store } from '../store/store.ts';
import { latestRuns, readManifest } from '../ledger/run-store.ts';
import { readSamples } from '../ledger/task-table.ts';

/** The user's files as a run was planned with them. */
export interface EarlierFiles {
  ofSample: ManifestSample['files'];
  references: Manifest['references'];
}

/** Runs that are looked through before records are read: the last ones tell of most samples. */
const RECENT_RUNS = 3;
/** Earlier successes of one task whose records are read. */
const RECORDS_READ = 5;

interface PlannedRun {
  manifest: Manifest;
  byName: ReadonlyMap<string, ManifestSample>;
}

/** An earlier success of a task, and what it was made from. */
interface EarlierSuccess {
  key: string;
  files: EarlierFiles;
}

/** The earlier successes of a task, and which files each of them was made from. */
export type EarlierInputs = (suspect: Suspect) => AsyncIterable<EarlierSuccess>;

/**
 * Finds out which files the earlier successes of a task were made from, as the latest runs tell, and after them the
 * records. Every run is read once, and nothing before the first question.
 */
export function openEarlierInputs(store: Store, pipeline: string): EarlierInputs {
  const runOf = remember((run) => readRun(store, run));
  let latest: Promise<string[]> | undefined;
  return async function* earlier(suspect) {
    const open = new Set(suspect.earlier);
    latest ??= latestRuns(store);
    for (const run of (await latest).slice(0, RECENT_RUNS)) {
      const planned = await runOf(run);
      const key = planned?.manifest.pipeline === pipeline ? keyIn(planned, suspect) : undefined;
      if (planned && key !== undefined && open.delete(key)) yield { key, files: filesIn(planned, suspect) };
    }
    for (const key of [...open].slice(-RECORDS_READ)) {
      const record = await earlierRecord(store, { pipeline, step: suspect.step.name, sample: suspect.sample, key });
      const planned = record && (await runOf(record.run));
      if (planned && keyIn(planned, suspect) === key) yield { key, files: filesIn(planned, suspect) };
    }
  };
}

async function readRun(store: Store, run: string): Promise<PlannedRun | undefined> {
  try {
    const manifest = await readManifest(store, run);
    const samples = await readSamples(store, manifest);
    return { manifest, byName: new Map(samples.map((sample) => [sample.name, sample])) };
  } catch (error) {
    // A run that was never written down as a whole, or is not what it was: it tells nothing.
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

function keyIn({ manifest, byName }: PlannedRun, { step, sample }: Suspect): string | undefined {
  if (step.scope === 'sample') return byName.get(sample)?.tasks[step.name]?.key;
  return manifest.steps.find(({ name }) => name === step.name)?.task?.key;
}

function filesIn({ manifest, byName }: PlannedRun, { sample }: Suspect): EarlierFiles {
  return { ofSample: byName.get(sample)?.files ?? {}, references: manifest.references };
}

/** Record of a success; `undefined` also for one that this program cannot read, which then proves nothing. */
export async function earlierRecord(store: Store, task: TaskRef): Promise<AttemptRecord | undefined> {
  const key = succeededKey(task);
  const body = await store.read(key);
  try {
    return readRecord(key, body);
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

/** By the step's names: checksum and size of what was read, as the record of the success tells. */
export async function recordedInputs(
  store: Store,
  pipeline: string,
  { step, sample }: Suspect,
  key: string,
): Promise<ReadonlyMap<string, { size: number; sha256?: string | undefined }>> {
  const record = await earlierRecord(store, { pipeline, step: step.name, sample, key });
  return new Map(record?.inputs.map(({ name, size, sha256 }) => [name, { size, sha256 }]));
}

export function fileOf(
  files: EarlierFiles,
  { kind, name }: { kind: 'sample-file' | 'reference'; name: string },
): FileIdentity | undefined {
  return kind === 'reference' ? files.references[name] : files.ofSample[name];
}
