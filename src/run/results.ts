import { copyFileSync, linkSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { type AttemptRecord, type RecordedFile, readRecord } from '../record/attempt-record.ts';
import { succeededKey } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import { hashObject } from '../store/hash-file.ts';
import type { Store } from '../store/store.ts';
import { cohortKey, readSamples, readTaskTable, type TaskTable } from '../ledger/task-table.ts';
import { makeFolder } from './make-folder.ts';
import { unknownStep } from './task-log.ts';

/** A published file of a run. */
export interface ResultFile extends RecordedFile {
  sample: string;
  step: string;
}

const PARALLEL_READS = 32;

/** The published files of some steps of a run. */
export interface Results {
  files: ResultFile[];
  /** By step: samples whose intermediate files have been removed. */
  removed: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Finds what a run has published.
 * @param steps default: those whose outputs no other sample step uses
 * @throws PipelineError `step-unknown`
 */
export async function findResults(
  store: Store,
  manifest: Manifest,
  steps: readonly string[] = endSteps(manifest),
): Promise<Results> {
  const known = manifest.steps.map((step) => step.name);
  const unknown = steps.find((step) => !known.includes(step));
  if (unknown !== undefined) throw unknownStep(unknown, known);
  const table = await readTaskTable(store, manifest);
  const { present, gone } = await presentResults(store, manifest, await listResults(store, table, steps));
  const removed = removedResults(table, steps);
  for (const { step, sample } of gone) removed.set(step, new Set(removed.get(step)).add(sample));
  return { files: present, removed };
}

/** Steps whose outputs no other sample step uses: what a user came for. */
function endSteps(manifest: Manifest): string[] {
  const sampleSteps = manifest.steps.filter(({ scope }) => scope === 'sample');
  const used = new Set(sampleSteps.flatMap(({ upstream }) => upstream));
  const gathers = manifest.steps.filter(
    ({ scope, upstream }) =>
      scope === 'cohort' && upstream.some((name) => sampleSteps.some((step) => step.name === name)),
  );
  return [...sampleSteps.filter(({ name }) => !used.has(name)), ...gathers].map(({ name }) => name);
}

/** By step: samples whose intermediate files have been removed. */
function removedResults({ rows }: TaskTable, steps: readonly string[]): Map<string, Set<string>> {
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

/** Separates the files of intermediate steps that no longer exist: `gc` and the bucket's own rules remove them. */
async function presentResults(
  store: Store,
  { steps }: Pick<Manifest, 'steps'>,
  files: readonly ResultFile[],
): Promise<{ present: ResultFile[]; gone: ResultFile[] }> {
  const limit = pLimit(PARALLEL_READS);
  const intermediate = new Set(steps.flatMap(({ name, intermediate: is }) => (is ? [name] : [])));
  const looked = await Promise.all(
    files.map(async (file) => {
      const there = !intermediate.has(file.step) || (await limit(() => store.head(file.location))) !== undefined;
      return { file, there };
    }),
  );
  const those = (wanted: boolean) => looked.filter(({ there }) => there === wanted).map(({ file }) => file);
  return { present: those(true), gone: those(false) };
}

/** Compares files with their recorded checksums, and returns those that differ or are missing. */
export async function damagedResults(store: Store, files: readonly ResultFile[]): Promise<Set<ResultFile>> {
  const damaged = new Set<ResultFile>();
  for (const file of files) if (!(await isIntact(store, file))) damaged.add(file);
  return damaged;
}

async function isIntact(store: Store, file: ResultFile): Promise<boolean> {
  const local = store.localPath(file.location);
  if (local !== undefined && statSync(local, { throwIfNoEntry: false })?.size !== file.size) return false;
  if (!(await store.head(file.location))) return false;
  return (await hashObject(store, file.location)) === file.sha256;
}

/** Where `copyResults` puts a file: `<folder>/<sample>/<step>/<file>`. */
export function copyOf(file: ResultFile, folder: string): string {
  return join(folder, file.sample, file.step, basename(file.location));
}

/**
 * Puts files under `<folder>/<sample>/<step>/`, as links where the disk allows; files of the same name are replaced.
 * @throws PipelineError `folder-unwritable`
 */
export async function copyResults(store: Store, files: readonly ResultFile[], folder: string): Promise<void> {
  for (const file of files) {
    const target = copyOf(file, folder);
    makeFolder(dirname(target));
    rmSync(target, { force: true });
    const local = store.localPath(file.location);
    if (local === undefined)
      await store.getFile(file.location, target, file.sha256 === undefined ? {} : { sha256: file.sha256 });
    else linkOrCopy(local, target);
  }
}

/** A copy would take the space twice; a link needs the same disk. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
