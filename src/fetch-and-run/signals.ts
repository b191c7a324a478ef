/** What Batch, `docker stop` and people send. SIGKILL and SIGSTOP cannot be caught. */
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const ENDING = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** Passes signals on to the program, as if it had taken this process's place; before it runs, they stop the fetching. */
export class ForwardedSignals {
  /** The first signal that asked for the end while nothing ran yet. */
  received: (typeof FORWARDED)[number] | undefined;
  readonly #stop = new AbortController();
  #receiver: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const signal of FORWARDED) process.on(signal, () => this.#onSignal(signal));
  }

  /** Aborted when the end was asked for before the program ran. */
  get aborted(): AbortSignal {
    return this.#stop.signal;
  }

  /** From now on signals go here, and the one that came while the program was being started. */
  forwardTo(receiver: (signal: NodeJS.Signals) => void): void {
    this.#receiver = receiver;
    if (this.received) receiver(this.received);
  }

  #onSignal(signal: (typeof FORWARDED)[number]): void {
    if (this.#receiver) return this.#receiver(signal);
    if (!ENDING.has(signal)) return;
    this.received ??= signal;
    this.#stop.abort();
  }
}
