import type { Pipeline } from '../pipeline/pipeline.ts';
import { createLocator } from '../store/locate.ts';
import { openStore, type OpenStoreOptions } from '../store/open-store.ts';
import { remember } from '../store/remember.ts';
import { type CacheSettings, openReferenceCache } from './cache/reference-cache.ts';
import type { Workplace } from './perform-attempt.ts';
import { openRunDocuments } from './run-documents.ts';

/** Finds the pipeline that a manifest names: where it lies, or in the bundle that this runner came in. */
export type PipelineSource = (source: string) => Promise<Pipeline>;

/** What a runner is given to work with, whatever the attempt. */
export interface Equipment {
  /** Search path of the tools. */
  path: string;
  load: PipelineSource;
  store: OpenStoreOptions;
  /** `undefined` where this machine has none. */
  cache: CacheSettings | undefined;
}

/** Opens what a runner needs for any number of attempts on one store. */
export async function openWorkplace(storeUrl: string, equipment: Equipment): Promise<Workplace> {
  const { path, load, store: options, cache } = equipment;
  const store = await openStore(storeUrl, options);
  return {
    store,
    path,
    cache: cache && openReferenceCache(cache),
    locate: createLocator(options),
    documents: openRunDocuments(store),
    pipeline: remember(load),
  };
}
