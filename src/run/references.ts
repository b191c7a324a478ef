import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PipelineError, throwAll } from '../errors.ts';
import * as named from '../ledger/named-reference.ts';
import { REFERENCE_BUILD } from '../ledger/run-store.ts';
import { writeInputNotes } from '../ledger/store-documents.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { isGather, type Pipeline } from '../pipeline/pipeline.ts';
import { readParams } from '../pipeline/read-params.ts';
import { isSampleName } from '../record/keys.ts';
import { hashFile, hashObject } from '../store/hash-file.ts';
import type { Located } from '../store/open-store.ts';
import type { OnEvent } from './events.ts';
import { prepareRun, refuseErrors } from './prepare.ts';
import { Run } from './run.ts';
import { givenParams, type RunOptions, unknownReferences } from './run-request.ts';
import { openEngineFor, type Workspace } from './workspace.ts';

export interface ReferenceOptions extends Pick<RunOptions, 'params' | 'engine'> {
  /** Pipeline that uses the reference. */
  pipeline: string;
  /** Name to path or URL of each file. */
  files: Readonly<Record<string, string>>;
}

/**
 * Copies reference files into the store under a name, then runs the steps that come before the samples, once, so that
 * every later run finds them done. Returns their run; `undefined` if they are done already.
 * @throws PipelineErrors for files that the pipeline does not know or misses, and for wrong params
 */
export async function buildReference(
  workspace: Workspace,
  name: string,
  options: ReferenceOptions,
  onEvent: OnEvent = () => undefined,
): Promise<Run | undefined> {
  if (!isSampleName(name))
    throw new PipelineError({
      code: 'reference-name',
      message: `"${name}" is not a valid name`,
      hint: 'Use letters, digits, ".", "_" and "-".',
    });
  await checkFiles(options);
  await addFiles(workspace, name, options.files);
  onEvent({ kind: 'reference-added', reference: name, files: Object.keys(options.files).length });
  return runStepsBefore(workspace, name, options, onEvent);
}

/** Once files have a name, it stands for them for good: they must be those that the pipeline builds on. */
async function checkFiles({ pipeline: source, files, params }: ReferenceOptions): Promise<void> {
  const names = Object.keys(files);
  if (names.length === 0)
    throw new PipelineError({
      code: 'reference-missing',
      message: 'No files are given',
      hint: '--reference-file fasta=PATH --reference-file gtf=PATH',
    });
  const { pipeline } = await loadPipeline(source);
  throwAll(unknownReferences(pipeline, names));
  readParams(pipeline, givenParams(params));
  const inputs = stepsBefore(pipeline).flatMap((step) => Object.values(step.inputs));
  const needed = new Set(inputs.flatMap((input) => (input.kind === 'reference' ? [input.name] : [])));
  throwAll([...needed].filter((file) => !names.includes(file)).map((file) => missingFile(pipeline, file)));
}

function missingFile({ name: pipeline }: Pipeline, name: string): PipelineError {
  return new PipelineError({
    code: 'reference-missing',
    message: `Pipeline ${pipeline} builds on the reference file "${name}" too`,
    hint: `Give it with --reference-file ${name}=PATH.`,
  });
}

/** The cohort steps that come before the samples. */
function stepsBefore({ steps }: Pipeline): Pipeline['steps'] {
  return steps.filter((step) => step.scope === 'cohort' && !isGather(step));
}

async function addFiles({ store, locate }: Workspace, name: string, files: ReferenceOptions['files']): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-reference-'));
  try {
    const copies: named.ReferenceCopy[] = [];
    for (const [file, location] of Object.entries(files))
      copies.push(await copyReference(file, await locate(location), folder));
    await named.addReference(store, name, copies);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function copyReference(name: string, { store, key }: Located, folder: string): Promise<named.ReferenceCopy> {
  // Two files may have the same base name: they come from different folders.
  const file = `${name}/${basename(key)}`;
  const path = join(folder, file);
  mkdirSync(dirname(path));
  const local = store.localPath(key);
  if (local === undefined) await store.getFile(key, path);
  else await copyFile(local, path);
  return { name, file, path, size: statSync(path).size, sha256: await hashFile(path) };
}

async function runStepsBefore(
  workspace: Workspace,
  name: string,
  options: ReferenceOptions,
  onEvent: OnEvent,
): Promise<Run | undefined> {
  const { store, locate } = workspace;
  const opened = await openEngineFor(workspace, options.engine);
  const loaded = await loadPipeline(options.pipeline);
  const pipeline = { ...loaded.pipeline, steps: stepsBefore(loaded.pipeline) };
  const prepared = await prepareRun({
    loaded: { ...loaded, pipeline },
    rows: [],
    params: readParams(pipeline, givenParams(options.params)),
    references: await named.referenceIdentities(store, name),
    overrides: {},
    store,
    locate,
    engine: opened.engine,
    ...opened.kept,
    environments: await opened.environments(pipeline),
  });
  refuseErrors([...prepared.findings, ...(await opened.findings(prepared))]);
  await writeInputNotes(store, prepared.notes);
  if (prepared.jobs.length === 0) {
    await opened.engine.close();
    return undefined;
  }
  const { startOrJoin } = await import('./start.ts');
  const { manifest, submitted } = await startOrJoin(workspace, prepared, { name: REFERENCE_BUILD, opened, onEvent });
  return new Run(workspace, manifest, { opened, submitted });
}

/** A named reference, and what was found of it. */
export interface CheckedReference {
  reference: string;
  files: number;
  /** Keys of files that differ from their checksum. */
  damaged: string[];
}

/** Compares every file of a named reference with its checksum. */
export async function checkReference({ store }: Workspace, name: string): Promise<CheckedReference> {
  const files = Object.values((await named.readReference(store, name)).files);
  const damaged: string[] = [];
  for (const { key, sha256 } of files) if ((await sha256Of(key)) !== sha256) damaged.push(key);
  return { reference: name, files: files.length, damaged };

  async function sha256Of(key: string): Promise<string | undefined> {
    return (await store.head(key)) ? hashObject(store, key) : undefined;
  }
}

/** The named references of the store. */
export function listReferences({ store }: Workspace): Promise<named.NamedReference[]> {
  return named.listReferences(store);
}
