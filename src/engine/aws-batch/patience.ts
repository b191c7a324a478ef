import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';

/** How long something is waited for, and what ends every wait. */
export interface Patience {
  totalMs: number;
  signal: AbortSignal;
}

/** One wait after another, longer and longer with jitter, until patience is at its end. */
export class Waits {
  readonly #patience: Patience;
  readonly #until: number;
  #failures = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
    this.#until = performance.now() + patience.totalMs;
  }

  /** `false` once patience is at its end; throws an AbortError if its signal is aborted. */
  async wait(kind: 'throttled' | 'other'): Promise<boolean> {
    this.#failures += 1;
    const pause = backoffMs(this.#failures, kind);
    if (performance.now() + pause > this.#until) return false;
    await sleep(pause, undefined, { signal: this.#patience.signal });
    return true;
  }
}

/** Turns that are given one after another, at most so many a second. */
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
