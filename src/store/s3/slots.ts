/** Bounds how many parts are in memory at once, over all transfers of a store. First come, first served. */
export interface Slots {
  /** Resolves when a slot is free, with the function that gives it back. */
  acquire(): Promise<() => void>;
}

/** `count` slots. */
export function slots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  const release = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    async acquire() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return once(release);
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
