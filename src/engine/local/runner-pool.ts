import { type ChildProcess, fork } from 'node:child_process';
import type { FailureCause } from '../../record/cause.ts';
import type { FromRunner, TaskContext, ToRunner } from '../../record/protocol.ts';

/** How an attempt ended, as reported by its runner or inferred from its death. */
export type AttemptEnd =
  | { state: 'succeeded' | 'up-to-date' }
  /** `recorded` is false if the runner died before it could write a record. */
  | { state: 'failed'; cause: FailureCause; message: string; recorded: boolean };

export interface PooledAttempt {
  /** Of the runner. */
  pid: number;
  over: Promise<AttemptEnd>;
  /** Asks the runner to stop the attempt. */
  abort(reason: string): void;
  /** Makes the runner end the attempt and its tools at once, since it uses too much memory. */
  exceeded(message: string): void;
  /** Ends the runner at once, for this reason; its tools are ended like those of any dead runner. */
  kill(why: Reason): void;
}

interface Reason {
  cause: FailureCause;
  message: string;
}

interface Runner {
  process: ChildProcess;
  /** The end of the runner's own output, used only if it dies. */
  printed: string;
  settle: ((end: AttemptEnd) => void) | undefined;
  killedFor: Reason | undefined;
}

export interface RunnerPoolOptions {
  /** The runner's main file. */
  module: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** The scratch root and its owner: a dead runner cannot remove what it left there. */
  scratchRoot: string;
  host: string;
  /** How long runners may take to give up their attempts when the pool closes. */
  closeMs: number;
}

/** Characters of a dying runner's output: enough for the first lines of a stack trace. */
const PRINTED_CHARS = 2000;

/** A young generation of 2 MB instead of 16: 50 MB less for each runner, and a quicker fork of every tool. */
const RUNNER_FLAGS = ['--max-semi-space-size=2'];

/** Runner processes that are kept between attempts, each running one at a time. */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #idle: Runner[] = [];
  readonly #all = new Set<Runner>();

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
  }

  start(task: TaskContext): PooledAttempt {
    const runner = this.#takeIdle() ?? this.#fork();
    runner.killedFor = undefined;
    const over = new Promise<AttemptEnd>((resolve) => {
      runner.settle = resolve;
    });
    const send = (message: ToRunner): unknown => runner.process.connected && runner.process.send(message);
    runner.process.send({ kind: 'attempt', task } satisfies ToRunner);
    return {
      pid: runner.process.pid ?? 0,
      over,
      abort: (reason) => send({ kind: 'abort', reason }),
      exceeded: (message) => send({ kind: 'exceeded', message }),
      kill: (why) => {
        runner.killedFor ??= why;
        runner.process.kill('SIGKILL');
      },
    };
  }

  /** Closes all runners, and waits until they have exited: busy ones abort their attempts when the channel closes. */
  async close(): Promise<void> {
    // A runner that must be killed is followed by one that cleans up.
    while (this.#all.size > 0) await Promise.all([...this.#all].map(({ process }) => this.#leave(process)));
  }

  async #leave(process: ChildProcess): Promise<void> {
    // Not events.once, which rejects on an error: messages that cannot reach a dying runner do not matter here.
    const gone = new Promise((resolve) => process.once('exit', resolve));
    const killing = setTimeout(() => process.kill('SIGKILL'), this.#options.closeMs);
    process.ref();
    if (process.connected) process.disconnect();
    await gone;
    clearTimeout(killing);
  }

  #fork(): Runner {
    const child = fork(this.#options.module, [], {
      execArgv: RUNNER_FLAGS,
      // A separate process group: Ctrl-C in the terminal is for the command, which decides what happens to the tasks.
      detached: true,
      env: { ...this.#options.environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const runner: Runner = { process: child, printed: '', settle: undefined, killedFor: undefined };
    this.#all.add(runner);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      runner.printed = (runner.printed + text).slice(-PRINTED_CHARS);
    });
    child.on('message', (message: FromRunner) => {
      // Output read after the runner has died comes too late.
      if (!this.#all.has(runner)) return;
      // A runner in which the step's code may still be running exits by itself.
      if (!('mayStillRun' in message.outcome)) this.#idle.push(runner);
      this.#settle(runner, toEnd(message));
    });
    child.on('error', (error) => this.#lost(runner, error.message));
    child.on('exit', (code, signal) => {
      this.#lost(runner, signal ? `killed by ${signal}` : `exit code ${code}`);
      if (code !== 0) this.#sweep();
    });
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
    const died: Reason = {
      cause: /heap out of memory/.test(words) ? 'out-of-memory' : 'lost',
      message: `The runner died (${how})${words ? `: ${words}` : ''}`,
    };
    this.#settle(runner, { state: 'failed', ...(runner.killedFor ?? died), recorded: false });
  }

  /** Makes a runner end the tools of a dead one, and remove its scratch folder. */
  #sweep(): void {
    const { scratchRoot, host } = this.#options;
    const runner = this.#takeIdle() ?? this.#fork();
    this.#idle.push(runner);
    runner.process.send({ kind: 'sweep', scratchRoot, host } satisfies ToRunner);
  }

  /** The exit of a runner that has just died may not have been reported yet, but its channel is closed. */
  #takeIdle(): Runner | undefined {
    for (let runner = this.#idle.pop(); runner; runner = this.#idle.pop()) if (runner.process.connected) return runner;
    return undefined;
  }
}

function toEnd({ outcome, recorded }: FromRunner): AttemptEnd {
  return outcome.state === 'failed' ? { ...outcome, recorded } : outcome;
}
