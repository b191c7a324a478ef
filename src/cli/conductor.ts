import { ExitCode, lineOf, PipelineError } from '../errors.ts';
import { RunnerExit, VARIABLES } from '../record/protocol.ts';
import { openRun } from '../run/run.ts';
import { openWorkspace } from '../run/workspace.ts';

/**
 * The main of a conductor: a job that watches its own run from inside AWS Batch until nothing is left to do. It needs
 * batch:DescribeJobs, ListJobs and SubmitJob besides what every job needs; see `ConductorRole` in src/deploy/stack/stack.yaml.
 */
export async function conduct(): Promise<void> {
  try {
    await watchOwnRun(required(VARIABLES.store), required(VARIABLES.run));
    process.exitCode = ExitCode.ok;
  } catch (error) {
    console.error(`batch-pipeline: ${lineOf(error)}`);
    process.exitCode =
      error instanceof PipelineError && error.exitCode === ExitCode.usage ? ExitCode.usage : RunnerExit.tryAgain;
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

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new PipelineError({ code: 'task-environment', message: `${name} is not set` });
}
