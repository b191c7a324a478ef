import { PipelineError } from '../errors.ts';
import type { BatchApi } from '../engine/aws-batch/batch-api.ts';
import { readDeployment } from '../ledger/deployment.ts';
import { whileMarked } from '../ledger/gc-mark.ts';
import type { Store } from '../store/store.ts';
import { definitionGarbage } from './definition-garbage.ts';
import { findGarbage, type Found } from './find-garbage.ts';
import type { Garbage, Spared } from './garbage.ts';

/** A store, and where AWS is configured. */
export interface Place {
  store: Store;
  environment: Readonly<Record<string, string | undefined>>;
}

export interface CollectOptions {
  /** Days for which a finished run keeps what only a later run would need. */
  keepDays: number;
  /** Removes what is found; otherwise it is only listed. */
  apply: boolean;
}

export interface Collected {
  /** What was removed, or could be. */
  garbage: Garbage[];
  spared: Spared[];
}

/**
 * Finds what a store and its account hold that no run needs any more, and removes it if wanted. No run or retry starts
 * meanwhile.
 * @throws PipelineError while another process does the same
 */
export async function collectGarbage(workspace: Place, { keepDays, apply }: CollectOptions): Promise<Collected> {
  const { store } = workspace;
  if (!apply) return lookAt(workspace, keepDays, async (found) => found);
  return whileMarked(store, () =>
    lookAt(workspace, keepDays, (found, api) =>
      removeGarbage(store, found, async (arn) => api?.deregisterDefinition(arn)),
    ),
  );
}

/** Finds everything, and does `work` with it while AWS can be asked. */
async function lookAt(
  { store, environment }: Place,
  keepDays: number,
  work: (found: Found, api: BatchApi | undefined) => Promise<Collected>,
): Promise<Collected> {
  const found = await findGarbage(store, { keepDays, now: Date.now() });
  const deployment = await readDeployment(store);
  if (!deployment?.jobRoleArn || found.runs.some(({ manifest }) => !manifest)) return work(found, undefined);
  const { openBatchApi } = await import('../engine/aws-batch/batch-api.ts');
  const endpoint = environment['BATCH_PIPELINE_BATCH_ENDPOINT'];
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? deployment.region;
  const api = openBatchApi({ region, endpoint });
  try {
    // The store can be cleaned up without permission to query Batch.
    const definitions = await definitionGarbage(api, deployment, found.runs).catch(sparedDefinitions);
    const all = Array.isArray(definitions)
      ? { ...found, garbage: [...found.garbage, ...definitions] }
      : { ...found, spared: [...found.spared, definitions] };
    return await work(all, api);
  } finally {
    api.close();
  }
}

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
function sparedDefinitions(error: unknown): Spared {
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
