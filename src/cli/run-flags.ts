import { nameValuePairs } from '../pipeline/name-value-pairs.ts';
import type { GivenParam } from '../pipeline/read-params.ts';
import type { RunOptions } from '../run/run-request.ts';
import { chosenEngine, type EngineFlags } from './session.ts';

/** Flags that say what to run, and where; the same for `plan` and `run`. */
export interface RunFlags extends EngineFlags {
  store?: string | undefined;
  samples?: string | undefined;
  sampleListFile?: string | undefined;
  inputs?: string | undefined;
  reference?: string | undefined;
  referenceFile?: string[] | undefined;
  param?: string[] | undefined;
  paramsFile?: string | undefined;
  set?: string[] | undefined;
  pipelineName?: string | undefined;
}

/** @throws PipelineError for flags that cannot be read */
export async function runOptions(pipeline: string, flags: RunFlags): Promise<RunOptions> {
  const engine = chosenEngine(flags);
  // The bucket holds the inputs of jobs that see nothing of this machine.
  const bucket = engine.engine === 'aws-batch' && flags.bucketName ? `s3://${flags.bucketName}` : undefined;
  return {
    pipeline,
    samples: flags.samples ?? flags.sampleListFile,
    inputs: flags.inputs ?? bucket,
    reference: flags.reference,
    referenceFiles: nameValuePairs(flags.referenceFile, '--reference-file'),
    params: await givenParams(flags),
    resources: flags.set,
    engine,
    name: flags.pipelineName,
  };
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
