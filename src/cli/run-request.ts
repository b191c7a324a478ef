import { closest } from 'fastest-levenshtein';
import { PipelineError, throwAll } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { type GivenParam, readParams } from '../pipeline/read-params.ts';
import type { RunRequest } from '../run/prepare.ts';
import { identifyReferences } from '../samples/identify.ts';
import { listReferences, referenceIdentities } from '../ledger/named-reference.ts';
import type { Store } from '../store/store.ts';
import { bytes, count } from '../views/columns.ts';
import type { OpenedEngine } from '../engine/provider.ts';
import { nameValuePairs } from '../pipeline/name-value-pairs.ts';
import { resourceOverrides } from './overrides.ts';
import { notice } from './print.ts';
import { readSamples } from '../samples/read-samples.ts';
import type { Session } from './session.ts';

/** Flags that say what to run; the same for `plan` and `run`. */
export interface RunFlags {
  samples?: string | undefined;
  sampleListFile?: string | undefined;
  inputs?: string | undefined;
  reference?: string | undefined;
  referenceFile?: string[] | undefined;
  param?: string[] | undefined;
  paramsFile?: string | undefined;
  set?: string[] | undefined;
  bucketName?: string | undefined;
}

/** Turns flags into a request, checking everything that can be checked without the engine. */
export async function runRequest(
  pipelineName: string,
  flags: RunFlags,
  session: Session,
  { engine, elsewhere, environments }: OpenedEngine,
): Promise<{ request: RunRequest; warnings: string[] }> {
  const loaded = await loadPipeline(pipelineName);
  const { pipeline } = loaded;
  const params = readParams(pipeline, await givenParams(flags));
  const list = flags.samples ?? flags.sampleListFile;
  if (list === undefined) {
    throw new PipelineError({
      code: 'samples-missing',
      message: 'No samples are given',
      hint: "Name them with --samples FILE, --samples S1,S2 or --samples 'bams/*.bam'.",
    });
  }
  const bucket = elsewhere && flags.bucketName !== undefined ? `s3://${flags.bucketName}` : undefined;
  const from = { samples: list, inputs: flags.inputs ?? bucket, locate: session.locate };
  const { rows, warnings } = await readSamples(pipeline, from);
  const given = nameValuePairs(flags.referenceFile, '--reference-file');
  throwAll(unknownReferences(pipeline, Object.keys(given)));
  const name = flags.reference ?? (await onlyReference(pipeline, Object.keys(given), session.store));
  const named = name === undefined ? {} : await referenceIdentities(session.store, name);
  if (flags.reference !== undefined && !Object.keys(named).some((file) => pipeline.references[file]))
    throw noUse(pipeline, flags.reference, Object.keys(named));
  const files = await identifyReferences(given, session.locate);
  const twice = Object.keys(files).find((file) => named[file] !== undefined);
  if (twice !== undefined) throw twoReferences(twice, name ?? '');
  const references = { ...named, ...files };
  const request: RunRequest = {
    ...{ loaded, rows, params, references, engine, store: session.store, locate: session.locate },
    onCompare: (files, size) =>
      notice(
        `Comparing ${count(files, 'input')} (${bytes(size)}) whose modification time changed with the checksums on record.`,
      ),
    overrides: resourceOverrides(pipeline, flags.set ?? []),
    environments: await environments(pipeline),
  };
  return { request, warnings };
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
  notice(`Reference ${only.name}, the only one of the store.`);
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

/** Params from a file first, then from the command line, which wins. */
async function givenParams(flags: RunFlags): Promise<GivenParam[]> {
  const fromFile =
    flags.paramsFile === undefined ? [] : (await import('./params-file.ts')).readParamsFile(flags.paramsFile);
  const fromFlags = Object.entries(nameValuePairs(flags.param, '-p')).map(([name, value]) => ({
    name,
    value,
    where: `-p ${name}=${value}`,
  }));
  return [...fromFile, ...fromFlags];
}
