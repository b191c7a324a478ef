/** "Too many requests" wants a longer rest than a lost connection. */
const BASE_MS = { throttled: 500, other: 100 } as const;
const MAX_MS = 20_000;

/** How long to rest after the `failures`th failure (from 1): exponential with full jitter, so that clients spread out. */
export function backoffMs(failures: number, kind: keyof typeof BASE_MS): number {
  return Math.round(Math.random() * Math.min(MAX_MS, BASE_MS[kind] * 2 ** failures));
}
