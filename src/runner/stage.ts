import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { PipelineError } from '../errors.ts';
import { readCell } from '../pipeline/cell-value.ts';
import { chooseInput, type SampleValue } from '../pipeline/inputs.ts';
import { type Step, StepFailure } from '../pipeline/step.ts';
import type { AttemptRecord, RecordedFile } from '../record/attempt-record.ts';
import { succeededKey } from '../record/keys.ts';
import type { FileIdentity, Manifest, ManifestSample } from '../record/manifest.ts';
import { hashFile } from '../store/hash-file.ts';
import type { Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { CacheUnusable } from './cache/cache-unusable.ts';
import type { HeldEntry, ReferenceCache } from './cache/reference-cache.ts';
import type { Holds } from './cache/holds.ts';
import { remotePrint } from './publish.ts';
import { readSuccess } from './task-result.ts';

/** Parallel transfers: enough to fill a link, few enough not to starve other tasks. */
const PARALLEL_TRANSFERS = 8;

export interface StageRequest {
  store: Store;
  locate: (location: string) => Promise<Located>;
  manifest: Manifest;
  step: Step;
  /** `undefined` in a cohort step. */
  sample: ManifestSample | undefined;
  /** Samples whose results a gather collects, with their success records by step. */
  collected: readonly { sample: string; records: Readonly<Record<string, AttemptRecord>> }[];
  scratch: string;
  signal: AbortSignal;
  /** For inputs that all samples share, where this machine has a cache. */
  cache: ReferenceCache | undefined;
  /** Holds the cache entries that the attempt uses. */
  holds: Holds;
  /** A line for the attempt's log. */
  say: (line: string) => void;
}

export interface Staged {
  /** What `run` receives, by input name. */
  values: Record<string, unknown>;
  /** What was staged, for the record. */
  files: RecordedFile[];
  /** Paths of the files without a known checksum. */
  unsummed: { file: RecordedFile; path: string }[];
  /** Files outside of scratch to which inputs are linked, as they were when staged. */
  linked: LinkedInput[];
}

interface LinkedInput {
  name: string;
  source: Source;
  target: string;
  print: string;
  /** As recorded before the task; a user's own file has none yet. */
  sha256: string | undefined;
}

/** Brings every input of a task under `scratch/inputs/`, checked against the plan or the previous step's record. */
export async function stageInputs(request: StageRequest): Promise<Staged> {
  const limit = pLimit(PARALLEL_TRANSFERS);
  // A step that iterates over its inputs gets them in declared order, whichever transfer ended first.
  const values = Object.fromEntries(Object.keys(request.step.inputs).map((name) => [name, undefined]));
  const staged: Staged = { values, files: [], unsummed: [], linked: [] };
  const say = sayOnce(request.say);
  const fetch = (name: string, source: Source): Promise<string> =>
    limit(async () => {
      request.signal.throwIfAborted();
      const path = targetOf(source, join(request.scratch, 'inputs', ...name.split(':')));
      const entry = await fromCache(request, source, say);
      if (entry) symlinkSync(entry.path, path);
      else await fetchTo(source, path, request.signal);
      const { location, size } = source;
      const sha256 = source.sha256 ?? entry?.sha256;
      const cached = entry && !entry.fetched;
      const file = { name, location, size, ...(sha256 ? { sha256 } : {}), ...(cached ? { cached } : {}) };
      staged.files.push(file);
      const target = entry?.path ?? source.located.store.localPath(source.located.key);
      if (target !== undefined) staged.linked.push({ name, source, target, print: remotePrint(target), sha256 });
      if (!sha256) staged.unsummed.push({ file, path });
      return path;
    });
  await Promise.all(
    Object.entries(request.step.inputs).map(async ([name, input]) => {
      const chosen = chooseInput(input, (column) => request.sample?.files[column] !== undefined);
      if (!chosen) throw missing(`input "${name}"`);
      switch (chosen.kind) {
        case 'sample-value':
          staged.values[name] = valueOf(request.sample, chosen);
          return;
        case 'sample-file':
          staged.values[name] = await fetch(
            name,
            await identified(request, request.sample?.files[chosen.column], chosen.column),
          );
          return;
        case 'reference':
          staged.values[name] = await fetch(
            name,
            shared(await identified(request, request.manifest.references[chosen.name], chosen.name)),
          );
          return;
        case 'output':
          staged.values[name] = await fetch(name, await upstreamOutput(request, chosen.step, chosen.output));
          return;
        case 'collected':
          staged.values[name] = await Promise.all(
            request.collected.flatMap(({ sample, records }) => {
              const record = records[chosen.step];
              if (!record) return [];
              const source = published(request.store, record, chosen.output);
              return [fetch(`${name}:${sample}`, source).then((path) => ({ sample, path }))];
            }),
          );
      }
    }),
  );
  staged.files.sort((a, b) => (a.name < b.name ? -1 : 1));
  return staged;
}

/** The cell that the planner has checked, parsed by the step's own schema. */
function valueOf(sample: ManifestSample | undefined, { column, schema }: SampleValue<unknown>): unknown {
  const cell = sample?.values[column];
  const result = readCell(schema, cell);
  if ('value' in result) return result.value;
  throw new PipelineError({ code: 'sample-value', message: `${column} cannot be "${cell}": ${result.issue}` });
}

/**
 * An input that changed while the step was using it invalidates the outputs, and, where the step itself changed it, the
 * file too: a published one is made again. A changed copy in the cache does not invalidate the published file.
 * @throws StepFailure `input`
 */
export async function refuseChangedInputs(store: Store, { linked }: Staged): Promise<void> {
  for (const input of linked.filter(({ target, print }) => remotePrint(target) !== print)) {
    if (await isSameContent(input)) continue;
    const { name, source, target } = input;
    const { located, record } = source;
    if (record && target === located.store.localPath(located.key)) await store.remove([succeededKey(record)]);
    throw new StepFailure('input', `Input "${name}" (${source.location}) changed while the step was using it`, {
      hint: 'A step that writes to an input must copy it into scratch first.',
    });
  }
}

/** Two runs of the same task publish the same bytes in one place; the later one changes only the file's time. */
async function isSameContent({ target, sha256 }: LinkedInput): Promise<boolean> {
  return sha256 !== undefined && existsSync(target) && (await hashFile(target)) === sha256;
}

interface Source {
  located: Located;
  location: string;
  size: number;
  sha256?: string;
  /** Of a file of the user's. */
  etag?: string;
  /** The success that the file belongs to, where another step wrote it. */
  record?: AttemptRecord;
  /** True for inputs that every sample's task needs. */
  shared?: true;
}

function shared(source: Source): Source {
  return { ...source, shared: true };
}

function targetOf(source: Source, folder: string): string {
  mkdirSync(folder, { recursive: true });
  return join(folder, basename(source.located.key));
}

/** `undefined` for inputs staged for this attempt alone. Files of a folder store need no second copy. */
async function fromCache(
  { cache, holds, signal }: StageRequest,
  source: Source,
  say: (line: string) => void,
): Promise<HeldEntry | undefined> {
  const { store, key } = source.located;
  if (!cache || !source.shared || store.localPath(key) !== undefined) return undefined;
  // A key does not tell where the store is.
  const location = source.record ? `${store.url}/${key}` : source.location;
  try {
    return holds.keep(await cache.hold({ ...source, location }, signal));
  } catch (error) {
    if (!(error instanceof CacheUnusable)) return disown(source, error);
    say(`batch-pipeline: staged without the reference cache: ${error.message}`);
    return undefined;
  }
}

function sayOnce(say: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (!said.has(line)) say(line);
    said.add(line);
  };
}

async function fetchTo(source: Source, path: string, signal: AbortSignal): Promise<void> {
  const options = { signal, ...(source.sha256 ? { sha256: source.sha256 } : {}) };
  await source.located.store
    .getFile(source.located.key, path, options)
    .catch((error: unknown) => disown(source, error));
}

const DAMAGED = ['checksum-mismatch', 'object-not-found'];

/**
 * A published file that does not match its record is no success: the record is removed, so that the file is made again.
 */
async function disown({ located, record }: Source, error: unknown): Promise<never> {
  if (!record || !(error instanceof PipelineError) || !DAMAGED.includes(error.code)) throw error;
  await located.store.remove([succeededKey(record)]);
  throw new PipelineError({
    code: error.code,
    message: `The output of step ${record.step} was changed or removed after it was recorded`,
    where: error.where ?? located.key,
    hint: 'batch-pipeline retry recreates it.',
    cause: error,
  });
}

/** A file of the user's: it must be unchanged since the plan. */
async function identified(request: StageRequest, file: FileIdentity | undefined, name: string): Promise<Source> {
  if (!file) throw missing(`"${name}"`);
  const located = await request.locate(file.location);
  const now = await located.store.head(located.key);
  if (!now) throw missing(file.location);
  if (now.size !== file.size || now.etag !== file.etag) {
    throw new PipelineError({
      code: 'input-changed',
      message: `${file.location} is not the file that the run was planned with`,
      hint: 'Start the run again: it plans with the file as it is now.',
    });
  }
  const { location, size, etag, sha256 } = file;
  return { located, location, size, etag, ...(sha256 ? { sha256 } : {}) };
}

/** All samples share the outputs of a cohort step. */
async function upstreamOutput(request: StageRequest, step: string, output: string): Promise<Source> {
  const source = published(request.store, await upstreamRecord(request, step), output);
  return request.manifest.steps.some(({ name, task }) => name === step && task) ? shared(source) : source;
}

async function upstreamRecord(request: StageRequest, step: string): Promise<AttemptRecord> {
  const { manifest, sample } = request;
  const cohort = manifest.steps.find(({ name }) => name === step)?.task;
  const task = cohort ?? sample?.tasks[step];
  const ref = {
    pipeline: manifest.pipeline,
    step,
    sample: cohort ? 'cohort' : (sample?.name ?? ''),
    key: task?.key ?? '',
  };
  const record = await readSuccess(request.store, ref);
  if (record) return record;
  throw missing(`the result of step ${step}`);
}

function published(store: Store, record: AttemptRecord, output: string): Source {
  const file = record.outputs.find(({ name }) => name === output);
  if (!file) throw missing(`output "${output}" of step ${record.step}`);
  return {
    located: { store, key: file.location },
    location: file.location,
    size: file.size,
    record,
    ...(file.sha256 ? { sha256: file.sha256 } : {}),
  };
}

function missing(what: string): PipelineError {
  return new PipelineError({
    code: 'object-not-found',
    message: `${what} is missing`,
    hint: 'Start the run again: it recreates what is missing.',
  });
}
