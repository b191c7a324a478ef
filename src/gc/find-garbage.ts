import { PipelineError } from '../errors.ts';
import {
  BUNDLES_PREFIX,
  isHidden,
  parseOutputKey,
  parseRecordKey,
  type RecordName,
  stepOfKey,
  stepsPrefix,
  succeededKey,
} from '../record/keys.ts';
import { readRecord } from '../record/attempt-record.ts';
import type { ObjectInfo, Store, Unfinished } from '../store/store.ts';
import { DAY_MS, type Garbage, GUARD_MS, type Spared, UNFINISHED_MS } from './garbage.ts';
import { type OutputFolder, outputGarbage } from './output-garbage.ts';
import { readRunFacts, type RunFacts } from './run-facts.ts';
import { scratchSteps, usedTasks } from './used-tasks.ts';

export interface GcOptions {
  /** Days for which a finished run keeps what only a later run would need. */
  keepDays: number;
  /** ms since the epoch. */
  now: number;
}

export interface Found {
  garbage: Garbage[];
  spared: Spared[];
  /** Garbage of kind `unfinished`, by name. */
  unfinished: ReadonlyMap<string, Unfinished>;
  runs: readonly RunFacts[];
}

/** Scans the whole store and changes nothing. */
export async function findGarbage(store: Store, options: GcOptions): Promise<Found> {
  const runs = await readRunFacts(store, options.now);
  const spared: Spared[] = [];
  const unfinished = (await listUnfinished(store, spared)).filter(
    ({ modified }) => options.now - modified >= UNFINISHED_MS,
  );
  const garbage = unfinished.map(({ name, size }): Garbage => {
    return { kind: 'unfinished', group: 'writes', name, keys: [], size, why: 'not written to for a day' };
  });
  const found = { garbage, unfinished: new Map(unfinished.map((write) => [write.name, write])), runs };
  const starting = runs.filter(({ manifest }) => !manifest).map(({ run }) => run);
  // A run without a manifest has not yet stated its pipeline or bundle.
  if (starting.length > 0)
    return {
      ...found,
      spared: [...spared, { what: 'everything else', why: `${starting.join(', ')} is being started` }],
    };
  garbage.push(...bundleGarbage(await listAll(store, BUNDLES_PREFIX), runs, options));
  for (const [pipeline, ofPipeline] of Map.groupBy(runs, ({ manifest }) => manifest?.pipeline ?? '')) {
    const live = ofPipeline.filter((run) => run.live).map(({ run }) => run);
    if (live.length > 0) spared.push({ what: `outputs of ${pipeline}`, why: `${live.join(', ')} has not finished` });
    else garbage.push(...(await garbageOf(store, pipeline, ofPipeline, { ...options, spared })));
  }
  return { ...found, spared };
}

/** Listing uploads requires a separate permission, which the user may lack. */
async function listUnfinished(store: Store, spared: Spared[]): Promise<Unfinished[]> {
  try {
    return await store.unfinished();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'store-denied') throw error;
    spared.push({ what: 'unfinished writes', why: 's3:ListBucketMultipartUploads is denied' });
    return [];
  }
}

async function garbageOf(
  store: Store,
  pipeline: string,
  runs: readonly RunFacts[],
  options: GcOptions & { spared: Spared[] },
): Promise<Garbage[]> {
  const [{ records, unread }, outputs] = await Promise.all([
    listRecords(store, pipeline),
    listAll(store, stepsPrefix(pipeline, 'outputs')),
  ]);
  for (const [step, key] of unread)
    options.spared.push({
      what: `outputs of ${pipeline} ${step}`,
      why: `${key} is not a record that this version knows`,
    });
  const folders = foldersOf(outputs).filter(({ step }) => !unread.has(step));
  const succeeded = new Set(
    records.flatMap(({ step, sample, key, state }) => (state === 'succeeded' ? [`${step}/${sample}.${key}`] : [])),
  );
  const scratch = scratchSteps(runs.flatMap(({ manifest }) => (manifest ? [manifest.steps] : [])));
  return outputGarbage({
    ...{ pipeline, succeeded, folders, scratch, ...options },
    ...(await usedTasks(store, runs, { scratch, succeeded }, options)),
    counting: await countingPrints(store, pipeline, folders),
  });
}

async function listAll(store: Store, prefix: string): Promise<ObjectInfo[]> {
  return (await Array.fromAsync(store.list(prefix))).flat();
}

/** Records parsed from their names, and by step an object whose name cannot be parsed: a newer version may know it. */
async function listRecords(
  store: Store,
  pipeline: string,
): Promise<{ records: (RecordName & { step: string })[]; unread: Map<string, string> }> {
  const records: (RecordName & { step: string })[] = [];
  const unread = new Map<string, string>();
  for (const { key } of await listAll(store, stepsPrefix(pipeline, 'records'))) {
    const [record, step] = [parseRecordKey(key), stepOfKey(key)];
    if (record) records.push({ ...record, step });
    else if (!isHidden(key)) unread.set(step, key);
  }
  return { records, unread };
}

function foldersOf(outputs: readonly ObjectInfo[]): OutputFolder[] {
  const folders = new Map<string, OutputFolder & { files: OutputFolder['files'][number][] }>();
  for (const { key, size, modified } of outputs) {
    const output = parseOutputKey(key);
    if (!output) continue;
    const prefix = key.slice(0, key.lastIndexOf('/') + 1);
    const folder = folders.get(prefix) ?? {
      step: stepOfKey(key),
      task: output.task,
      print: output.print,
      prefix,
      files: [],
    };
    folders.set(prefix, folder);
    folder.files.push({ file: output.file, key, size, modified });
  }
  return [...folders.values()];
}

/** If a task has several folders, its record states which one counts. */
async function countingPrints(
  store: Store,
  pipeline: string,
  folders: readonly OutputFolder[],
): Promise<Map<string, string>> {
  const counting = new Map<string, string>();
  for (const [id, several] of Map.groupBy(folders, ({ step, task }) => `${step}/${task}`)) {
    const [{ step, task } = { step: '', task: '' }] = several;
    if (several.length < 2) continue;
    const dot = task.lastIndexOf('.');
    const ref = { pipeline, step, sample: task.slice(0, dot), key: task.slice(dot + 1) };
    const key = succeededKey(ref);
    const [output] = readRecord(key, await store.read(key))?.outputs ?? [];
    const print = output && parseOutputKey(output.location)?.print;
    if (print !== undefined) counting.set(id, print);
  }
  return counting;
}

/**
 * Bundles that no running or recently ended run needs (the latter may be retried). The code of a user's pipeline is
 * small and is kept for every run: without it, an old run could be retried only if its file had never changed.
 */
export function bundleGarbage(
  bundles: readonly ObjectInfo[],
  runs: readonly RunFacts[],
  { now, keepDays }: { now: number; keepDays: number },
): Garbage[] {
  const isNeeded = ({ live, endedAt }: RunFacts) => live || now - endedAt < keepDays * DAY_MS;
  const needed = runs.flatMap((run) =>
    [run.manifest?.code, isNeeded(run) ? run.manifest?.bundle : undefined].flatMap((zip) => zip?.location ?? []),
  );
  return bundles
    .filter(
      ({ key, modified }) => now - modified >= GUARD_MS && !needed.some((location) => location.endsWith(`/${key}`)),
    )
    .map(({ key, size }) => ({
      ...({ kind: 'bundle', group: 'bundles', name: key, keys: [key], size } as const),
      why: 'every run that names it has finished',
    }));
}
