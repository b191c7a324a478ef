import type { ToolResult } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';

const HINT = 'Write await before every $`…`, or put the calls into await Promise.all([…]).';

/** Knows whether anybody waits for it: `await`, `then`, `catch`, `Promise.all` all ask for `then`. */
class ToolPromise extends Promise<ToolResult> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  isAwaited = false;

  // oxlint-disable-next-line unicorn/no-thenable -- a promise has one; this is how a wait for it is seen.
  override then<A = ToolResult, B = never>(
    onResult?: ((result: ToolResult) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isAwaited = true;
    return super.then(onResult, onError);
  }
}

interface ToolCall {
  command: string;
  promise: ToolPromise;
  hasEnded: boolean;
}

/** The calls of tools in one attempt: an attempt is not over before they are, and no call may go unheard. */
export class ToolCalls {
  readonly #calls = new Set<ToolCall>();

  /** Returns what the step is handed for a call that has been made. */
  keep(command: string, ending: Promise<ToolResult>): Promise<ToolResult> {
    const promise = new ToolPromise((resolve, reject) => void ending.then(resolve, reject));
    // What nobody awaits must not end the process; it is told by `refuseUnawaited`.
    void Promise.prototype.then.call(promise, undefined, () => undefined);
    const call: ToolCall = { command, promise, hasEnded: false };
    this.#calls.add(call);
    const end = (): void => {
      call.hasEnded = true;
      if (call.promise.isAwaited) this.#calls.delete(call);
    };
    ending.then(end, end);
    return promise;
  }

  /**
   * For when `run` has returned: the file that a tool is still writing would be published cut, and nobody has heard
   * of the failure of a call that nobody awaits.
   * @throws StepFailure `tool` naming the commands
   */
  refuseUnawaited(): void {
    const calls = [...this.#calls];
    const running = calls.filter(({ hasEnded }) => !hasEnded);
    if (running.length > 0)
      throw new StepFailure('tool', `run returned while ${commandsOf(running)} was still running`, { hint: HINT });
    const unheard = calls.filter(({ promise }) => !promise.isAwaited);
    if (unheard.length > 0)
      throw new StepFailure('tool', `run returned without an await for ${commandsOf(unheard)}`, { hint: HINT });
  }

  /** Resolves when all have ended, however. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#calls].map(({ promise }) => promise));
  }
}

const COMMAND_CHARS = 100;

/** A command as a message names it. */
export function shortCommand(argv: readonly string[]): string {
  const line = argv.join(' ').replaceAll(/\s+/g, ' ').trim();
  return line.length > COMMAND_CHARS ? `${line.slice(0, COMMAND_CHARS - 1)}…` : line;
}

function commandsOf(calls: readonly ToolCall[]): string {
  return calls.map(({ command }) => `"${command}"`).join(', ');
}
