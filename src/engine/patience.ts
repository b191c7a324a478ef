import { setTimeout as sleep } from 'node:timers/promises';

/** How long a service that does not answer is waited for, and what ends every wait. */
export interface Patience {
  totalMs: number;
  signal: AbortSignal;
}

/** First and longest wait between two tries. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** One wait after another, until patience is exhausted. */
export class Waits {
  readonly #patience: Patience;
  readonly #until: number;
  #failures = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
    this.#until = performance.now() + patience.totalMs;
  }

  /**
   * @param pauseOf milliseconds after this many failures, from 1; by default twice as long each time
   * @returns `false` once patience is exhausted
   * @throws AbortError if the signal is aborted
   */
  async wait(pauseOf: (failures: number) => number = doubled): Promise<boolean> {
    this.#failures += 1;
    const pause = pauseOf(this.#failures);
    if (performance.now() + pause > this.#until) return false;
    await sleep(pause, undefined, { signal: this.#patience.signal });
    return true;
  }
}

function doubled(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}
