import type { Manifest } from '../record/manifest.ts';
import { createLocator, openStore, type Located, type OpenStoreOptions } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { remember } from '../store/remember.ts';
import { type CacheSettings, openReferenceCache, type ReferenceCache } from './cache/reference-cache.ts';
import { plannedTools, type ToolCheck } from './planned-tools.ts';
import type { CodeSource, RunCode } from './run-code.ts';
import { openRunDocuments, type RunDocuments } from './run-documents.ts';
import type { TaskContext } from '../record/protocol.ts';

/** Everything that stays the same for all attempts of a runner. */
export interface Workplace {
  store: Store;
  locate: (location: string) => Promise<Located>;
  documents: RunDocuments;
  code: (manifest: Manifest, task: TaskContext) => Promise<RunCode>;
  /** On the machine whose tools the run was planned with. */
  checkTools?: ToolCheck;
  /** Of the tools. */
  environment: NodeJS.ProcessEnv;
  /** The cache that tasks of this machine share, where the environment names its folder. */
  cache: ReferenceCache | undefined;
  /** True where the scratch folders of failed attempts stay. */
  keepScratch?: boolean;
  /** Follows the log of an attempt from its start, where the engine collects output; the function that it returns ends that. */
  followLog?: (path: string) => () => void;
}

/** What a runner needs, whatever the attempt. */
export interface Equipment {
  /** Of the tools; they are searched for in its `PATH`. */
  environment: NodeJS.ProcessEnv;
  code: CodeSource;
  store: OpenStoreOptions;
  /** `undefined` where this machine has none. */
  cache: CacheSettings | undefined;
  /** See `Workplace`. */
  keepScratch?: boolean;
  /** True on the machine whose tools the run was planned with. */
  planned: boolean;
}

/** Opens what a runner needs for any number of attempts on one store. */
export async function openWorkplace(storeUrl: string, equipment: Equipment): Promise<Workplace> {
  const { environment, keepScratch, code, store: options, cache } = equipment;
  const store = await openStore(storeUrl, options);
  const codeOf = remember((_run, manifest: Manifest, task: TaskContext) => code(manifest, task, store));
  return {
    store,
    environment,
    keepScratch: keepScratch ?? false,
    cache: cache && openReferenceCache(cache),
    locate: createLocator(options),
    documents: openRunDocuments(store),
    code: (manifest, task) => codeOf(manifest.run, manifest, task),
    ...(equipment.planned ? { checkTools: plannedTools(environment['PATH'] ?? '') } : {}),
  };
}
