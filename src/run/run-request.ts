import { closest } from 'fastest-levenshtein';
import { PipelineError, throwAll } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { type GivenParam, readParams } from '../pipeline/read-params.ts';
import { identifyReferences } from '../samples/identify.ts';
import { listReferences, referenceIdentities } from '../ledger/named-reference.ts';
import type { Store } from '../store/store.ts';
import type { ChosenEngine } from '../engine/registry.ts';
import { readSamples } from '../samples/read-samples.ts';
import type { OnEvent } from './events.ts';
import { resourceOverrides } from './overrides.ts';
import type { RunRequest } from './prepare.ts';
import type { EngineRequest, Workspace } from './workspace.ts';

/** What to run, and on what. */
export interface RunOptions {
  /** Name of a built-in pipeline, or the path of a pipeline file. */
  pipeline: string;
  /** A list file, a CSV or TSV sheet, `S1,S2` or `bams/*.bam`. */
  samples?: string | undefined;
  /** Folder or URL where plain sample names and relative paths are looked up; without it, beside the list. */
  inputs?: string | undefined;
  /** A named reference of the store; without it the only one of the store, if the pipeline needs one. */
  reference?: string | undefined;
  /** Name to path or URL of single reference files. */
  referenceFiles?: Readonly<Record<string, string>> | undefined;
  params?: Readonly<Record<string, unknown>> | readonly GivenParam[] | undefined;
  /** `STEP.RESOURCE=VALUE`: other cpus, memory, scratch or time for a step, as `align.memory=8GB`. */
  resources?: readonly string[] | undefined;
  /** Default: `local`. */
  engine?: EngineRequest | undefined;
  /** First part of the run's id; default: the name of the pipeline. */
  name?: string | undefined;
}

/** Turns options into a request, checking everything that can be checked without the engine. */
export async function runRequest(
  options: RunOptions,
  { store, locate }: Workspace,
  { engine, environments, kept }: ChosenEngine,
  onEvent: OnEvent,
): Promise<{ request: RunRequest; warnings: string[] }> {
  const loaded = await loadPipeline(options.pipeline);
  const { pipeline } = loaded;
  const params = readParams(pipeline, givenParams(options.params));
  if (options.samples === undefined) throw noSamples();
  const from = { samples: options.samples, inputs: options.inputs, locate };
  const { rows, warnings } = await readSamples(pipeline, from);
  const request: RunRequest = {
    ...{ loaded, rows, params, engine, store, locate, ...kept },
    references: await chosenReferences(pipeline, options, { store, locate, onEvent }),
    onCompare: (files, size) => onEvent({ kind: 'comparing', files, bytes: size }),
    overrides: resourceOverrides(pipeline, options.resources ?? []),
    environments: await environments(pipeline),
  };
  return { request, warnings };
}

/** Params by name, or each with the place that gave it. */
export function givenParams(params: RunOptions['params'] = {}): readonly GivenParam[] {
  if (isList(params)) return params;
  return Object.entries(params).map(([name, value]) => ({ name, value, where: `param ${name}` }));
}

function isList(params: NonNullable<RunOptions['params']>): params is readonly GivenParam[] {
  return Array.isArray(params);
}

function noSamples(): PipelineError {
  return new PipelineError({
    code: 'samples-missing',
    message: 'No samples are given',
    hint: "Name them with --samples FILE, --samples S1,S2 or --samples 'bams/*.bam'.",
  });
}

/** Files of a named reference and files given one by one, which exclude each other by name. */
async function chosenReferences(
  pipeline: Pipeline,
  { reference, referenceFiles = {} }: RunOptions,
  { store, locate, onEvent }: Pick<Workspace, 'store' | 'locate'> & { onEvent: OnEvent },
): Promise<RunRequest['references']> {
  throwAll(unknownReferences(pipeline, Object.keys(referenceFiles)));
  const only = reference ?? (await onlyReference(pipeline, Object.keys(referenceFiles), store));
  if (reference === undefined && only !== undefined) onEvent({ kind: 'reference-chosen', reference: only });
  const named = only === undefined ? {} : await referenceIdentities(store, only);
  if (reference !== undefined && !Object.keys(named).some((file) => pipeline.references[file]))
    throw noUse(pipeline, reference, Object.keys(named));
  const files = await identifyReferences(referenceFiles, locate);
  const twice = Object.keys(files).find((file) => named[file] !== undefined);
  if (twice !== undefined) throw twoReferences(twice, only ?? '');
  return { ...named, ...files };
}

function noUse(pipeline: Pipeline, reference: string, files: readonly string[]): PipelineError {
  const needed = Object.keys(pipeline.references);
  return new PipelineError({
    code: 'flag-invalid',
    message: `Pipeline ${pipeline.name} does not use reference ${reference}, which holds ${files.join(', ')}`,
    where: '--reference',
    hint: needed.length === 0 ? 'It needs none.' : `It needs ${needed.join(', ')}.`,
  });
}

function twoReferences(file: string, reference: string): PipelineError {
  return new PipelineError({
    code: 'flag-invalid',
    message: `--reference ${reference} and --reference-file ${file}=… both give the reference "${file}"`,
    hint: 'Omit one of them.',
  });
}

/** Where none is named: the reference of the store, if it has just one, and the pipeline needs one. */
async function onlyReference(pipeline: Pipeline, given: readonly string[], store: Store): Promise<string | undefined> {
  const files = Object.keys(pipeline.references);
  if (given.length > 0 || files.length === 0) return undefined;
  const [only, ...others] = (await listReferences(store)).filter((reference) =>
    files.every((file) => reference.files[file]),
  );
  if (!only || others.length > 0) return undefined;
  return only.name;
}

/** One error for each name of a reference file that the pipeline does not have. */
export function unknownReferences(pipeline: Pipeline, given: readonly string[]): PipelineError[] {
  const known = Object.keys(pipeline.references);
  return given
    .filter((name) => !known.includes(name))
    .map(
      (name) =>
        new PipelineError({
          code: 'reference-unknown',
          message: `Pipeline ${pipeline.name} has no reference "${name}"`,
          where: '--reference-file',
          hint:
            known.length === 0
              ? 'It needs none.'
              : `Did you mean "${closest(name, known)}"? References: ${known.join(', ')}.`,
        }),
    );
}
