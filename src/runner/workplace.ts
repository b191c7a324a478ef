import type { Manifest } from '../record/manifest.ts';
import { createLocator } from '../store/locate.ts';
import { openStore, type OpenStoreOptions } from '../store/open-store.ts';
import { remember } from '../store/remember.ts';
import { type CacheSettings, openReferenceCache } from './cache/reference-cache.ts';
import type { Workplace } from './perform-attempt.ts';
import { plannedTools } from './planned-tools.ts';
import type { CodeSource } from './run-code.ts';
import { openRunDocuments } from './run-documents.ts';
import type { TaskContext } from './task-context.ts';

/** What a runner is given to work with, whatever the attempt. */
export interface Equipment {
  /** Of the tools; its `PATH` is where they are looked for. */
  environment: NodeJS.ProcessEnv;
  code: CodeSource;
  store: OpenStoreOptions;
  /** `undefined` where this machine has none. */
  cache: CacheSettings | undefined;
  /** True on the machine whose tools the run was planned with. */
  planned: boolean;
}

/** Opens what a runner needs for any number of attempts on one store. */
export async function openWorkplace(storeUrl: string, equipment: Equipment): Promise<Workplace> {
  const { environment, code, store: options, cache } = equipment;
  const store = await openStore(storeUrl, options);
  const codeOf = remember((_run, manifest: Manifest, task: TaskContext) => code(manifest, task, store));
  return {
    store,
    environment,
    cache: cache && openReferenceCache(cache),
    locate: createLocator(options),
    documents: openRunDocuments(store),
    code: (manifest, task) => codeOf(manifest.run, manifest, task),
    ...(equipment.planned ? { checkTools: plannedTools(environment['PATH'] ?? '') } : {}),
  };
}
