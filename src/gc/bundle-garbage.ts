import type { ObjectInfo } from '../store/store.ts';
import { DAY_MS, type Garbage, GUARD_MS } from './garbage.ts';
import type { RunFacts } from './run-facts.ts';

/**
 * Bundles that no running or recently ended run needs (the latter may be retried). The code of a user's pipeline is
 * small and is kept for every run: without it, an old run could be retried only if its file had never changed.
 */
export function bundleGarbage(
  bundles: readonly ObjectInfo[],
  runs: readonly RunFacts[],
  { now, keepDays }: { now: number; keepDays: number },
): Garbage[] {
  const isNeeded = ({ live, endedAt }: RunFacts) => live || now - endedAt < keepDays * DAY_MS;
  const needed = runs.flatMap((run) =>
    [run.manifest?.code, isNeeded(run) ? run.manifest?.bundle : undefined].flatMap((zip) => zip?.location ?? []),
  );
  return bundles
    .filter(
      ({ key, modified }) => now - modified >= GUARD_MS && !needed.some((location) => location.endsWith(`/${key}`)),
    )
    .map(({ key, size }) => ({
      ...({ kind: 'bundle', group: 'bundles', name: key, keys: [key], size } as const),
      why: 'every run that names it has finished',
    }));
}
