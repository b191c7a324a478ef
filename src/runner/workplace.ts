import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { createLocator } from '../store/locate.ts';
import { openStore, type OpenStoreOptions } from '../store/open-store.ts';
import type { Workplace } from './perform-attempt.ts';
import { openRunDocuments } from './run-documents.ts';

/** Opens what a runner needs for any number of attempts on one store. */
export async function openWorkplace(
  storeUrl: string,
  path: string,
  options: OpenStoreOptions = {},
): Promise<Workplace> {
  const store = await openStore(storeUrl, options);
  const pipelines = new Map<string, Promise<Pipeline>>();
  const load = async (source: string): Promise<Pipeline> => (await loadPipeline(source)).pipeline;
  return {
    store,
    path,
    locate: createLocator(options),
    documents: openRunDocuments(store),
    pipeline: (source) => {
      const known = pipelines.get(source) ?? load(source);
      pipelines.set(source, known);
      return known;
    },
  };
}
