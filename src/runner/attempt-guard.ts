import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import { StepFailure } from '../pipeline/step.ts';
import type { AttemptLog } from './attempt-log.ts';
import { errorText } from './failure.ts';

/** Confines what a step's code does to its process, besides what `run` returns or throws, to its attempt. */
export class AttemptGuard {
  readonly #controller = new AbortController();
  #isOn = true;
  /** Where what the code prints goes; the process's own output until there is a log. */
  log: AttemptLog | undefined;

  /** Aborted with the error that has ended the attempt. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True once the code has failed in a callback or an unawaited promise: it may still be running. */
  get hasFailed(): boolean {
    return this.#controller.signal.aborted;
  }

  fail(error: unknown): void {
    if (this.#isOn) this.#controller.abort(error);
  }

  /** Errors after the end of an attempt are not its failure. */
  off(): void {
    this.#isOn = false;
    this.log = undefined;
    if (current === this) current = undefined;
  }

  /** Ends with `work`, or with a failure of code that `work` does not wait for. */
  async race(work: Promise<void>): Promise<void> {
    const failed = Promise.withResolvers<never>();
    const fail = (): void => failed.reject(this.signal.reason);
    this.signal.addEventListener('abort', fail);
    if (this.hasFailed) fail();
    try {
      await Promise.race([work, failed.promise]);
      this.signal.throwIfAborted();
    } finally {
      this.signal.removeEventListener('abort', fail);
    }
  }
}

/** The attempt that a callback or a promise belongs to, also after its end. */
const guards = new AsyncLocalStorage<AttemptGuard>();
/** The attempt that is being performed: a runner performs one at a time. */
let current: AttemptGuard | undefined;

/** Ends this process. */
export const endProcess = process.exit.bind(process);
/** Write to stdout and stderr of this process, also while an attempt is being performed. */
export const writeStdout = process.stdout.write.bind(process.stdout);
export const writeStderr = process.stderr.write.bind(process.stderr);

/** Performs an attempt: what `perform` calls, and whatever that starts, belongs to its guard. */
export async function guarded<T>(perform: (guard: AttemptGuard) => Promise<T>): Promise<T> {
  const guard = new AttemptGuard();
  current = guard;
  try {
    return await guards.run(guard, perform, guard);
  } finally {
    guard.off();
  }
}

/**
 * Makes a process a runner: anything that would end the process fails the attempt instead, and the step's output goes
 * to the log.
 */
export function guardProcess(): void {
  process.exit = refuseExit;
  // For `import { exit } from 'node:process'`.
  syncBuiltinESMExports();
  // A command that performs an attempt itself reports errors in its own way.
  process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection');
  process.on('uncaughtException', (error) => failOwner('An uncaught error', error));
  process.on('unhandledRejection', (error) => failOwner('An unhandled rejection', error));
  // Without work and without a timer the process would end with exit code 0, and the attempt without a record.
  process.on('beforeExit', () => current?.fail(new StepFailure('tool', IDLE, { hint: IDLE_HINT })));
  for (const stream of [process.stdout, process.stderr]) redirect(stream);
}

const IDLE = 'run waits for something that can never happen';
const IDLE_HINT = 'It awaits a promise that never resolves: look for a stream or callback that has ended unnoticed.';

function refuseExit(code?: number | string | null): never {
  const guard = guards.getStore() ?? current;
  if (!guard) return endProcess(code);
  const error = new Error(`The step called process.exit(${code ?? ''}), which would end its runner`);
  Error.captureStackTrace(error, refuseExit);
  guard.fail(error);
  throw error;
}

function failOwner(what: string, error: unknown): void {
  const owner = guards.getStore() ?? current;
  if (owner)
    return owner.fail(error instanceof StepFailure ? error : new StepFailure('tool', `${what}: ${errorText(error)}`));
  console.error(error);
  endProcess(1);
}

function redirect(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const log = guards.getStore()?.log;
    if (!log) return write(chunk, ...rest);
    const encoding = typeof rest[0] === 'string' ? (rest[0] as BufferEncoding) : undefined;
    log.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    const written = rest.find((one) => typeof one === 'function');
    if (written) process.nextTick(written as () => void);
    return true;
  };
}
