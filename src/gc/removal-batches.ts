import type { Garbage } from './garbage.ts';

/** S3 removes as many in one request. */
const KEYS_AT_ONCE = 1000;

/** Keys to be removed together. What belongs together is never cut, unless it is too large by itself. */
export function removalBatches(garbage: readonly Pick<Garbage, 'keys'>[]): string[][] {
  const batches: string[][] = [];
  for (const { keys } of garbage) {
    const last = batches.at(-1);
    if (last && last.length + keys.length <= KEYS_AT_ONCE) last.push(...keys);
    else if (keys.length > 0) batches.push([...keys]);
  }
  return batches;
}
