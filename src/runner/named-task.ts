import { PipelineError } from '../errors.ts';
import { given } from '../given.ts';
import { parseSampleNames, parseSampleSheet } from '../samples/sample-sheet.ts';
import { parseRunIdKey, RUN_IDS_PREFIX } from '../record/keys.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import { VARIABLES } from '../record/protocol.ts';
import type { Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { RunDocuments } from './run-documents.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A task that is identified by sample names, as in job definitions written for scripts. */
interface NamedTask {
  run: string;
  job: JobDocument;
}

/**
 * True where the task is identified by `SAMPLE_NAME`, or by `LIST_OF_SAMPLES` and an array index, and not by a job of
 * this program.
 */
export function isNamedTask(environment: Environment): boolean {
  const named = environment['LIST_OF_SAMPLES'] || environment['SAMPLE_NAME'];
  return Boolean(named) && !environment[VARIABLES.job];
}

/** The store of a named task: our own variable, or the bucket. */
export function namedStore(environment: Environment): string | undefined {
  const bucket = environment['BUCKET_NAME'];
  return environment[VARIABLES.store] || (bucket ? `s3://${bucket}` : undefined);
}

/**
 * Finds the task in a planned run: of `BATCH_PIPELINE_RUN`, or the latest whose id starts with `PIPELINE_NAME`; the step
 * of `BATCH_PIPELINE_STEP` or of the first argument; the sample of `SAMPLE_NAME`, or the one at the array's index in
 * `LIST_OF_SAMPLES`: names with commas, or the URL of a list.
 * @throws PipelineError `task-environment` naming what is missing or unknown
 */
export async function namedTask(
  environment: Environment,
  index: number,
  place: { store: Store; documents: RunDocuments; locate: (location: string) => Promise<Located> },
): Promise<NamedTask> {
  const run = environment[VARIABLES.run] || (await latestRun(place.store, environment['PIPELINE_NAME']));
  const manifest = await place.documents.manifest(run);
  const step = stepOf(manifest, environment['BATCH_PIPELINE_STEP'] || process.argv[2]);
  const names = await sampleNames(environment, place.locate);
  const sample = names[index];
  if (sample === undefined) throw wrong(`The list of samples has ${names.length} names, there is no number ${index}`);
  const position = await positionOf(place.documents, run, sample);
  return {
    run,
    job: {
      ...{ version: 1, job: `by-name-${step.name}`, step: step.name, submission: 0, size: names.length, rank: 0 },
      ...{ samples: [[position, 1]], resources: step.resources, dependsOn: [] },
    },
  };
}

async function sampleNames(
  environment: Environment,
  locate: (location: string) => Promise<Located>,
): Promise<string[]> {
  const list = environment['LIST_OF_SAMPLES'];
  if (!list) return [environment['SAMPLE_NAME'] ?? ''];
  if (!list.includes('://')) return parseSampleNames(list, 'LIST_OF_SAMPLES').map(({ name }) => name);
  const { store, key } = await locate(list);
  const body = await store.read(key);
  if (!body) throw wrong(`There is no list of samples at ${list}`);
  return parseSampleSheet(new TextDecoder().decode(body), list, []).rows.map(({ name }) => name);
}

async function latestRun(store: Store, name: string | undefined): Promise<string> {
  let latest: { run: string; number: number } | undefined;
  for await (const page of store.list(`${RUN_IDS_PREFIX}${name ?? ''}`)) {
    for (const { key } of page) {
      const found = parseRunIdKey(key);
      const fits = name === undefined || found?.run === `${name}-${found?.number}`;
      if (found && fits && found.number > (latest?.number ?? 0)) latest = found;
    }
  }
  if (latest) return latest.run;
  throw wrong(`The store ${store.url} has no run${name === undefined ? '' : ` named ${name}`}`);
}

function stepOf(manifest: Manifest, name: string | undefined): Manifest['steps'][number] {
  const found = manifest.steps.find((step) => step.name === name && step.scope === 'sample');
  if (found) return found;
  const known = manifest.steps.filter(({ scope }) => scope === 'sample').map((step) => step.name);
  throw wrong(
    name === undefined ? 'No step is named (BATCH_PIPELINE_STEP, or the first argument)' : `There is no step "${name}"`,
    `Steps: ${known.join(', ')}.`,
  );
}

async function positionOf(documents: RunDocuments, run: string, name: string): Promise<number> {
  let position = 0;
  for await (const sample of documents.samples(run)) {
    if (sample.name === name) return position;
    position += 1;
  }
  throw wrong(`Run ${run} has no sample "${name}"`);
}

function wrong(message: string, hint?: string): PipelineError {
  return new PipelineError({ code: 'task-environment', message, ...given({ hint }) });
}
