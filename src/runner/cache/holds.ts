import type { Lock } from './flock.ts';

/** Locks of one attempt, let go of together at its end; one that comes only then is let go of at once. */
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
