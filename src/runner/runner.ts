import { isTransient } from '../record/cause.ts';
import { lineOf } from '../errors.ts';
import { StepFailure } from '../pipeline/step.ts';
import { runKeys } from '../record/keys.ts';
import { RunnerExit, type TaskContext, VARIABLES } from '../record/protocol.ts';
import { storeOptions } from '../store/store-options.ts';
import type { Store } from '../store/store.ts';
import { isStoreAway } from '../store/store-errors.ts';
import type { CacheSettings } from './cache/reference-cache.ts';
import { Interruption } from './failure.ts';
import { followLog } from './follow-log.ts';
import { endProcess, guardProcess, writeStdout } from './attempt-guard.ts';
import { performAttempt } from './perform-attempt.ts';
import type { CodeSource } from './run-code.ts';
import { isNamedTask, namedStore, namedTask } from './named-task.ts';
import { sweepScratch } from './scratch.ts';
import { serveAttempts } from './serve.ts';
import { taskContext } from './task-context.ts';
import { type Equipment, openWorkplace, type Workplace } from './workplace.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Serves the engine that forked this process, or performs the one attempt that the environment describes. */
export function startRunner(code: CodeSource): void {
  const environment = process.env;
  const equipment = {
    environment,
    code,
    store: storeOptions(environment),
    cache: cacheSettings(environment),
    // See `KEEP_SCRATCH_VARIABLE` of engine/flags.ts.
    keepScratch: environment['BATCH_PIPELINE_KEEP_SCRATCH'] === '1',
    planned: process.send !== undefined,
  };
  if (process.send) {
    serveAttempts(equipment);
    return;
  }
  guardProcess();
  runOnce(environment, equipment).then(
    (code) => endProcess(code),
    (error: unknown) => {
      console.error(`batch-pipeline: ${lineOf(error)}`);
      // With an unreachable store not even the record could be written.
      endProcess(error instanceof Interruption || isStoreAway(error) ? RunnerExit.tryAgain : RunnerExit.failed);
    },
  );
}

/** What a container or a Slurm job runs. */
async function runOnce(environment: Environment, equipment: Equipment): Promise<number> {
  const abort = new AbortController();
  const opening = openPlace(environment, equipment);
  process.on('SIGTERM', () => void opening.then(({ task, place }) => stop(abort, environment, task, place.store)));
  const { task, place } = await opening;
  sweepScratch(task.scratchRoot, task.host);
  const outcome = await performAttempt(task, place, abort.signal);
  if (outcome.state !== 'failed') return RunnerExit.succeeded;
  console.error(`batch-pipeline: ${outcome.cause}: ${outcome.message}`);
  return isTransient(outcome.cause) ? RunnerExit.tryAgain : RunnerExit.failed;
}

async function openPlace(
  environment: Environment,
  equipment: Equipment,
): Promise<{ task: TaskContext; place: Workplace }> {
  const named = isNamedTask(environment);
  const context = taskContext(
    named ? { ...NAMED, ...environment, [VARIABLES.store]: namedStore(environment) } : environment,
  );
  const opened = await openWorkplace(context.store, equipment);
  const place = { ...opened, followLog: (path: string) => followLog(path, writeStdout) };
  if (!named) return { task: context, place };
  const { run, job } = await namedTask(environment, context.index, place);
  const task = { ...context, run, job: job.job, index: 0 };
  return { task, place: { ...place, documents: { ...place.documents, job: async () => job } } };
}

/** Placeholder for what a task identified by names does not have; see `namedTask`. */
const NAMED = { [VARIABLES.run]: 'by-name', [VARIABLES.job]: 'by-name' };

/**
 * AWS Batch sends SIGTERM when a job is terminated, when its time limit is reached, and when its instance is reclaimed.
 * A cancelled run is on record beforehand; in all other cases Batch knows the cause afterwards, and retries where
 * appropriate.
 */
async function stop(abort: AbortController, environment: Environment, task: TaskContext, store: Store): Promise<void> {
  const cancelled = new StepFailure('cancelled', 'The task was asked to stop (SIGTERM)');
  if (environment['AWS_BATCH_JOB_ID'] === undefined) return abort.abort(cancelled);
  const onRecord = await store.head(runKeys.cancelled(task.run)).catch(() => undefined);
  abort.abort(onRecord ? cancelled : new Interruption('The task was asked to stop, and AWS Batch knows why (SIGTERM)'));
}

/** A folder that all tasks of this machine share; on AWS Batch, a folder of the instance. */
function cacheSettings(environment: Environment): CacheSettings | undefined {
  const folder = environment[VARIABLES.cache];
  return folder ? { folder, limit: environment[VARIABLES.cacheLimit] } : undefined;
}
