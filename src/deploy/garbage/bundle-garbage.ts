import type { ObjectInfo } from '../../store/store.ts';
import { DAY_MS, type Garbage, GUARD_MS } from './garbage.ts';
import type { RunFacts } from './run-facts.ts';

/** Bundles, and code of users' pipelines, that no run needs that is at work, or ended lately and may be retried. */
export function bundleGarbage(
  bundles: readonly ObjectInfo[],
  runs: readonly RunFacts[],
  { now, keepDays }: { now: number; keepDays: number },
): Garbage[] {
  const needed = runs
    .filter(({ live, endedAt }) => live || now - endedAt < keepDays * DAY_MS)
    .flatMap(({ manifest }) => [manifest?.bundle, manifest?.code].flatMap((zip) => zip?.location ?? []));
  return bundles
    .filter(
      ({ key, modified }) => now - modified >= GUARD_MS && !needed.some((location) => location.endsWith(`/${key}`)),
    )
    .map(({ key, size }) => ({
      ...({ kind: 'bundle', group: 'bundles', name: key, keys: [key], size } as const),
      why: 'every run that names it is over',
    }));
}
