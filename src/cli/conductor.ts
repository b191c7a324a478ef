import { ExitCode, lineOf, PipelineError } from '../errors.ts';
import { readManifest, readSubmitted } from '../ledger/run-store.ts';
import { watchRun } from '../run/watch.ts';
import { openEngineOfRun } from './engines.ts';
import { openSession } from './session.ts';

/** EX_TEMPFAIL of sysexits.h: AWS Batch tries again. */
const TRY_AGAIN = 75;

/**
 * The main of a conductor: a job that watches its own run from inside AWS Batch until nothing is left to do. It needs
 * batch:DescribeJobs, ListJobs and SubmitJob besides what every job needs; see `ConductorRole` in src/deploy/stack/stack.yaml.
 */
export async function conduct(): Promise<void> {
  try {
    await watchOwnRun(required('BATCH_PIPELINE_STORE'), required('BATCH_PIPELINE_RUN'));
    process.exitCode = ExitCode.ok;
  } catch (error) {
    console.error(`batch-pipeline: ${lineOf(error)}`);
    process.exitCode = error instanceof PipelineError && error.exitCode === ExitCode.usage ? ExitCode.usage : TRY_AGAIN;
  }
}

async function watchOwnRun(storeUrl: string, run: string): Promise<void> {
  const { store } = await openSession(storeUrl);
  const manifest = await readManifest(store, run);
  const { engine } = await openEngineOfRun(manifest, store);
  const submitted = await readSubmitted(store, run);
  try {
    const { summary } = await watchRun({
      ...{ store, engine, manifest, submitted, signal: new AbortController().signal },
      onEvent: (event) => event.kind !== 'progress' && console.log(JSON.stringify(event)),
    });
    console.log(`Run ${run} is over: ${summary.succeeded} of ${summary.samples} samples succeeded.`);
  } finally {
    await engine.close();
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new PipelineError({ code: 'task-environment', message: `${name} is not set` });
}
