import type { Lock } from './flock.ts';

/** Locks of one attempt, released together at its end; one acquired later is released at once. */
export interface Holds {
  /** Returns it. */
  keep<T extends Lock>(lock: T): T;
  release(): void;
}

export function openHolds(): Holds {
  const kept: Lock[] = [];
  let over = false;
  return {
    keep(lock) {
      if (over) lock.release();
      else kept.push(lock);
      return lock;
    },
    release() {
      over = true;
      for (const lock of kept.splice(0)) lock.release();
    },
  };
}
