import { StepFailure } from '../pipeline/step.ts';
import { type AttemptFailure, describeFailure } from './failure.ts';
import { endProcess, guardProcess } from './attempt-guard.ts';
import { performAttempt } from './perform-attempt.ts';
import { killChildren } from './process-group.ts';
import { sweepScratch } from './scratch.ts';
import type { FromRunner, TaskContext, ToRunner } from '../record/protocol.ts';
import { type Equipment, openWorkplace, type Workplace } from './workplace.ts';

/** After the engine's end an attempt has this long to stop. */
const GIVE_UP_MS = 15_000;

/**
 * Serves attempts over the process's IPC channel, one at a time, until the channel closes. A new Node process costs
 * some 40 ms, too much for every task. If the engine dies, the channel closes and the attempt is aborted.
 */
export function serveAttempts(equipment: Equipment): void {
  guardProcess();
  let abort = new AbortController();
  let place: { url: string; opened: Promise<Workplace> } | undefined;
  const cancel = (reason: string): void => abort.abort(new StepFailure('cancelled', reason));
  const exceed = (message: string): void => {
    if (!busy) return;
    abort.abort(new StepFailure('out-of-memory', message, { hint: 'batch-pipeline retry gives it more memory.' }));
    // They would take more memory before SIGTERM reaches them.
    killChildren();
  };
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => cancel('The runner was asked to stop (SIGTERM)'));
  process.on('disconnect', () => {
    cancel('The process that started this task has ended');
    if (!busy) endProcess(0);
    // A step that ignores its abort signal would keep this process alive for ever.
    setTimeout(() => endProcess(1), GIVE_UP_MS);
  });
  let busy = false;
  const serve = async (task: TaskContext): Promise<void> => {
    busy = true;
    abort = new AbortController();
    if (place?.url !== task.store) {
      sweepScratch(task.scratchRoot, task.host);
      place = { url: task.store, opened: openWorkplace(task.store, equipment) };
    }
    const over = await attemptOver(task, place.opened, abort.signal);
    busy = false;
    if (!process.connected) endProcess(0);
    // Code that is still running after its attempt failed would disturb the next attempt.
    const mayStillRun = over.outcome.state === 'failed' && over.outcome.mayStillRun;
    process.send?.(over, () => mayStillRun && endProcess(0));
  };
  process.on('message', (message: ToRunner) => {
    if (message.kind === 'abort') cancel(message.reason);
    else if (message.kind === 'exceeded') exceed(message.message);
    else if (message.kind === 'sweep') sweepScratch(message.scratchRoot, message.host);
    else void serve(message.task);
  });
}

/** An attempt that could not read its documents or write its record left no record; the engine is given the reason. */
async function attemptOver(task: TaskContext, place: Promise<Workplace>, signal: AbortSignal): Promise<FromRunner> {
  try {
    return { kind: 'over', outcome: await performAttempt(task, await place, signal), recorded: true };
  } catch (error) {
    return { kind: 'over', outcome: { state: 'failed', ...unrecorded(error, signal) }, recorded: false };
  }
}

function unrecorded(error: unknown, signal: AbortSignal): AttemptFailure {
  const failure = describeFailure(error, signal);
  return failure.cause === 'cancelled' || failure.cause === 'disk' ? failure : { ...failure, cause: 'start' };
}
