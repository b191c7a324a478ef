const BASE_MS = 100;
/** "Slow down" needs a longer delay than a lost connection. */
const THROTTLED_BASE_MS = 500;
const MAX_MS = 20_000;

/** Delay after the `failures`th failure (from 1): exponential with full jitter, so that clients spread out. */
export function backoffMs(failures: number, throttled: boolean): number {
  const base = throttled ? THROTTLED_BASE_MS : BASE_MS;
  return Math.round(Math.random() * Math.min(MAX_MS, base * 2 ** failures));
}
