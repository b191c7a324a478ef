import { ExitCode, PipelineError, throwAll } from '../errors.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { isGather, type Pipeline } from '../pipeline/pipeline.ts';
import { readParams } from '../pipeline/read-params.ts';
import { writeInputNotes } from '../ledger/store-documents.ts';
import { prepareRun, refuseErrors } from '../run/prepare.ts';
import { referenceIdentities } from '../ledger/named-reference.ts';
import { REFERENCE_BUILD } from '../ledger/run-store.ts';
import { commandWith } from './commands/run.ts';
import { driveRun } from './drive-run.ts';
import { type EngineFlags, openNamedEngine } from './engines.ts';
import { notice, printJson } from './print.ts';
import { nameValuePairs } from '../pipeline/name-value-pairs.ts';
import { unknownReferences } from './run-request.ts';
import { openSession, storeUrl } from './session.ts';
import { startOrCarryOn } from './start-run.ts';

interface BuildFlags extends EngineFlags {
  store?: string;
  json?: boolean;
  pipeline: string;
  param?: string[];
}

/**
 * Looks whether these files are those that the pipeline builds on: once they have a name, it stands for them for good.
 * @throws PipelineErrors for files that the pipeline does not know or misses, and for wrong params
 */
export async function checkReferenceFiles(names: readonly string[], flags: BuildFlags): Promise<void> {
  const { pipeline } = await loadPipeline(flags.pipeline);
  throwAll(unknownReferences(pipeline, names));
  readParams(pipeline, givenParams(flags));
  const inputs = stepsBefore(pipeline).flatMap((step) => Object.values(step.inputs));
  const needed = new Set(inputs.flatMap((input) => (input.kind === 'reference' ? [input.name] : [])));
  throwAll([...needed].filter((name) => !names.includes(name)).map((name) => missingFile(pipeline, name)));
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

function givenParams(flags: BuildFlags): { name: string; value: string; where: string }[] {
  return Object.entries(nameValuePairs(flags.param, '-p')).map(([name, value]) => ({ name, value, where: '-p' }));
}

/** Runs the cohort steps that come before the samples, once, so that every later run finds them done. */
export async function buildReferenceSteps(name: string, flags: BuildFlags): Promise<ExitCode> {
  const session = await openSession(storeUrl(flags));
  const opened = await openNamedEngine(flags, session.store);
  const { engine, local } = opened;
  const loaded = await loadPipeline(flags.pipeline);
  const pipeline = { ...loaded.pipeline, steps: stepsBefore(loaded.pipeline) };
  const prepared = await prepareRun({
    ...{
      loaded: { ...loaded, pipeline },
      rows: [],
      params: readParams(pipeline, givenParams(flags)),
      engine,
      store: session.store,
      locate: session.locate,
    },
    references: await referenceIdentities(session.store, name),
    overrides: {},
    ...opened.kept,
    environments: await opened.environments(pipeline),
  });
  refuseErrors([...prepared.findings, ...(await opened.findings(prepared))]);
  await writeInputNotes(session.store, prepared.notes);
  if (prepared.jobs.length === 0) {
    if (flags.json) printJson({ kind: 'up-to-date', reference: name });
    else notice(`Reference ${name} is built.`);
    return ExitCode.ok;
  }
  const { manifest, submitted } = await startOrCarryOn(prepared, {
    ...{ name: REFERENCE_BUILD, opened, onEvent: () => undefined },
  });
  return driveRun({
    next: `${commandWith(flags)} run ${flags.pipeline} --reference ${name} --samples LIST`,
    ...{ store: session.store, engine, manifest, submitted, json: flags.json ?? false, command: commandWith(flags) },
    ...(local ? { local } : {}),
  });
}
