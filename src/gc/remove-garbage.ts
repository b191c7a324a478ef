import { PipelineError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { Found } from './find-garbage.ts';
import type { Garbage, Spared } from './garbage.ts';

/**
 * Removes what was found and returns what was removed: permission for the store does not include permission to
 * deregister definitions. If interrupted, the next call finds the rest.
 */
export async function removeGarbage(
  store: Store,
  { garbage, unfinished, spared }: Pick<Found, 'garbage' | 'unfinished' | 'spared'>,
  deregister: (arn: string) => Promise<void>,
): Promise<{ garbage: Garbage[]; spared: Spared[] }> {
  for (const { kind, name } of garbage) if (kind === 'unfinished') await unfinished.get(name)?.remove();
  for (const keys of removalBatches(garbage)) await store.remove(keys);
  const definitions = garbage.filter(({ kind }) => kind === 'definition');
  try {
    for (const { name } of definitions) await deregister(name);
    return { garbage, spared };
  } catch (error) {
    return {
      garbage: garbage.filter(({ kind }) => kind !== 'definition'),
      spared: [...spared, sparedDefinitions(error)],
    };
  }
}

/** @throws the error unless AWS denied permission */
export function sparedDefinitions(error: unknown): Spared {
  if (!(error instanceof PipelineError) || error.code !== 'aws-denied') throw error;
  return { what: 'job definitions', why: error.message };
}

/** S3 limit of DeleteObjects. */
const KEYS_AT_ONCE = 1000;

/** Batches of keys to remove together. The keys of one item stay together unless there are too many for one batch. */
export function removalBatches(garbage: readonly Pick<Garbage, 'keys'>[]): string[][] {
  const batches: string[][] = [];
  for (const { keys } of garbage) {
    const last = batches.at(-1);
    if (last && last.length + keys.length <= KEYS_AT_ONCE) last.push(...keys);
    else if (keys.length > 0) batches.push([...keys]);
  }
  return batches;
}
