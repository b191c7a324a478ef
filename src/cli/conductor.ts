import { ExitCode, lineOf, PipelineError } from '../errors.ts';
import { openRun } from '../run/run.ts';
import { conductedRun, CONDUCTOR_TRIES_AGAIN } from '../run/submit-conductor.ts';
import { openWorkspace } from '../run/workspace.ts';

/**
 * The main of a conductor: a job that watches its own run from inside AWS Batch until nothing is left to do. It needs
 * batch:DescribeJobs, ListJobs and SubmitJob besides what every job needs; see `ConductorRole` in src/deploy/stack/stack.yaml.
 */
export async function conduct(): Promise<void> {
  try {
    const { store, run } = conductedRun(process.env);
    await watchOwnRun(store, run);
    process.exitCode = ExitCode.ok;
  } catch (error) {
    console.error(`batch-pipeline: ${lineOf(error)}`);
    process.exitCode =
      error instanceof PipelineError && error.exitCode === ExitCode.usage ? ExitCode.usage : CONDUCTOR_TRIES_AGAIN;
  }
}

async function watchOwnRun(store: string, id: string): Promise<void> {
  const run = await openRun(await openWorkspace({ store, environment: process.env }), id);
  try {
    const { summary } = await run.watch({
      onEvent: (event) => event.kind !== 'progress' && console.log(JSON.stringify(event)),
    });
    console.log(`Run ${id} has finished: ${summary.succeeded} of ${summary.samples} samples succeeded.`);
  } finally {
    await run.close();
  }
}
