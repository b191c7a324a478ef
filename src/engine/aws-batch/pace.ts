import { setTimeout as sleep } from 'node:timers/promises';

/** Rate limiter: turns are granted one after another, at most this many per second. */
export class Pace {
  readonly #everyMs: number;
  readonly #signal: AbortSignal;
  #next = 0;

  constructor(perSecond: number, signal: AbortSignal) {
    this.#everyMs = 1000 / perSecond;
    this.#signal = signal;
  }

  async turn(): Promise<void> {
    const now = performance.now();
    const mine = Math.max(now, this.#next);
    this.#next = mine + this.#everyMs;
    if (mine > now) await sleep(mine - now, undefined, { signal: this.#signal });
  }
}
