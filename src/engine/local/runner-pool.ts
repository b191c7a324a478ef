import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { FailureCause } from '../../record/cause.ts';

/** How an attempt ended, as its runner said or as its death tells. */
export type AttemptEnd =
  | { state: 'succeeded' | 'up-to-date' }
  /** `recorded` is false where the runner died before it could leave a record. */
  | { state: 'failed'; cause: FailureCause; message: string; recorded: boolean };

/** What a runner sends when an attempt is over. */
interface AttemptOver {
  outcome: { state: 'succeeded' | 'up-to-date' } | { state: 'failed'; cause: FailureCause; message: string };
  recorded: boolean;
}

export interface PooledAttempt {
  over: Promise<AttemptEnd>;
  /** Asks the runner to stop the attempt. */
  abort(reason: string): void;
  /** Ends the runner and its tools at once. */
  kill(): void;
}

interface Runner {
  process: ChildProcess;
  /** The end of what the runner itself printed: only of interest when it dies. */
  printed: string;
  settle: ((end: AttemptEnd) => void) | undefined;
}

/** Of a dying runner's words, enough for a stack's first lines. */
const PRINTED_CHARS = 2000;

/** Runner processes that are kept from one attempt to the next, each working on one at a time. */
export class RunnerPool {
  readonly #command: { module: string; environment: Readonly<Record<string, string | undefined>> };
  readonly #idle: Runner[] = [];
  readonly #all = new Set<Runner>();

  /** `module` is the runner's main file. */
  constructor(command: { module: string; environment: Readonly<Record<string, string | undefined>> }) {
    this.#command = command;
  }

  start(task: unknown): PooledAttempt {
    const runner = this.#idle.pop() ?? this.#fork();
    const over = new Promise<AttemptEnd>((resolve) => {
      runner.settle = resolve;
    });
    runner.process.send({ kind: 'attempt', task });
    return {
      over,
      abort: (reason) => runner.process.connected && runner.process.send({ kind: 'abort', reason }),
      kill: () => killGroup(runner.process),
    };
  }

  /** Lets all runners go, and waits until they are gone: busy ones give up their attempts as the channel ends. */
  async close(): Promise<void> {
    const leaving = [...this.#all].map(async ({ process }) => {
      const gone = process.exitCode === null ? once(process, 'exit') : undefined;
      process.ref();
      if (process.connected) process.disconnect();
      await gone;
    });
    await Promise.all(leaving);
  }

  #fork(): Runner {
    const child = fork(this.#command.module, [], {
      // A group of its own: Ctrl-C in the terminal is for the command, which decides what becomes of the tasks.
      detached: true,
      env: { ...this.#command.environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const runner: Runner = { process: child, printed: '', settle: undefined };
    this.#all.add(runner);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      runner.printed = (runner.printed + text).slice(-PRINTED_CHARS);
    });
    child.on('message', (message: AttemptOver) => {
      this.#idle.push(runner);
      this.#settle(runner, toEnd(message));
    });
    child.on('error', (error) => this.#lost(runner, error.message));
    child.on('exit', (code, signal) => this.#lost(runner, signal ? `killed by ${signal}` : `exit code ${code}`));
    child.unref();
    child.channel?.unref();
    (child.stderr as unknown as { unref(): void } | null)?.unref();
    return runner;
  }

  #settle(runner: Runner, end: AttemptEnd): void {
    const { settle } = runner;
    runner.settle = undefined;
    settle?.(end);
  }

  #lost(runner: Runner, how: string): void {
    this.#all.delete(runner);
    const at = this.#idle.indexOf(runner);
    if (at >= 0) this.#idle.splice(at, 1);
    const words = runner.printed.trim();
    this.#settle(runner, {
      state: 'failed',
      cause: /heap out of memory/.test(words) ? 'out-of-memory' : 'lost',
      message: `The runner died (${how})${words ? `: ${words}` : ''}`,
      recorded: false,
    });
  }
}

function toEnd({ outcome, recorded }: AttemptOver): AttemptEnd {
  return outcome.state === 'failed' ? { ...outcome, recorded } : outcome;
}

function killGroup(process_: ChildProcess): void {
  if (process_.pid === undefined || process_.exitCode !== null) return;
  try {
    process.kill(-process_.pid, 'SIGKILL');
  } catch {
    process_.kill('SIGKILL');
  }
}
