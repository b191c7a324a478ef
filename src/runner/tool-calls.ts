import type { ToolResult } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';

const HINT = 'Write await before every $`…`, or put the calls into await Promise.all([…]).';

/** Knows whether it is awaited: `await`, `then`, `catch`, `Promise.all` all read `then`. */
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

/** The tool calls of one attempt: the attempt ends only after them, and every call must be awaited. */
export class ToolCalls {
  readonly #calls = new Set<ToolCall>();

  /** Returns the promise that the step gets for a call. */
  keep(command: string, ending: Promise<ToolResult>): Promise<ToolResult> {
    const promise = new ToolPromise((resolve, reject) => void ending.then(resolve, reject));
    // A rejection that is not awaited must not end the process; `refuseUnawaited` reports it.
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
   * Checked after `run` has returned: a file that a tool is still writing would be published truncated, and the failure
   * of a call that is not awaited would go unnoticed.
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

  /** Resolves when all have ended, whatever the outcome. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#calls].map(({ promise }) => promise));
  }
}

const COMMAND_CHARS = 100;

/** A command, for messages. */
export function shortCommand(argv: readonly string[]): string {
  const line = argv.join(' ').replaceAll(/\s+/g, ' ').trim();
  return line.length > COMMAND_CHARS ? `${line.slice(0, COMMAND_CHARS - 1)}…` : line;
}

function commandsOf(calls: readonly ToolCall[]): string {
  return calls.map(({ command }) => `"${command}"`).join(', ');
}
