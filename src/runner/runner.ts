import { isTransient } from '../record/cause.ts';
import { messageOf } from '../errors.ts';
import { StepFailure } from '../pipeline/step.ts';
import { performAttempt } from './perform-attempt.ts';
import { sweepScratch } from './scratch.ts';
import { serveAttempts } from './serve.ts';
import { taskContext } from './task-context.ts';
import { openWorkplace } from './workplace.ts';

/** Exit codes that engines read: 75 (EX_TEMPFAIL of sysexits.h) asks for another try. */
const EXIT = { succeeded: 0, failed: 1, transient: 75 } as const;

/** One attempt described by the environment: what a container or a Slurm job runs. */
async function runOnce(): Promise<number> {
  const abort = new AbortController();
  process.on('SIGTERM', () => abort.abort(new StepFailure('cancelled', 'The task was asked to stop (SIGTERM)')));
  const task = taskContext(process.env);
  sweepScratch(task.scratchRoot, task.host);
  const place = await openWorkplace(task.store, process.env['PATH'] ?? '');
  const outcome = await performAttempt(task, place, abort.signal);
  if (outcome.state !== 'failed') return EXIT.succeeded;
  console.error(`batch-pipeline: ${outcome.cause}: ${outcome.message}`);
  return isTransient(outcome.cause) ? EXIT.transient : EXIT.failed;
}

if (process.send) {
  serveAttempts(process.env['PATH'] ?? '');
} else {
  runOnce().then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(`batch-pipeline: ${messageOf(error)}`);
      process.exit(EXIT.failed);
    },
  );
}
