import { resolve } from 'node:path';
import type { EngineContext, EngineServices } from '../engine/provider.ts';
import { type ChosenEngine, type EngineChoice, openEngine } from '../engine/registry.ts';
import { readDeployment } from '../ledger/deployment.ts';
import { refuseNewerStore } from '../ledger/store-documents.ts';
import { createLocator, type Located, openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { KMS_KEY, storeOptions } from '../store/store-options.ts';
import { runnerModule } from './program-files.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface WorkspaceOptions {
  /** A folder, or `s3://BUCKET/PREFIX`. It is created by the first run. */
  store: string;
  /**
   * Variables that stores, engines and tools see, usually `process.env`: `PATH` for the tools of local runs,
   * `BATCH_PIPELINE_SCRATCH`, endpoints of S3-compatible servers.
   */
  environment: Environment;
}

/** A store, and what its runs need of this machine: every verb takes it. */
export interface Workspace {
  readonly store: Store;
  /** Finds the store and key of a path or URL. */
  readonly locate: (location: string) => Promise<Located>;
  /** As given, with the KMS key that the store's deployment names unless one was given. */
  readonly environment: Environment;
  /** Absolute folder for scratch folders of attempts on this machine. */
  readonly scratchRoot: string;
}

/** @throws PipelineError `store-url-invalid`; `document-newer` for a store that this program would misread */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const store = await openStore(options.store, storeOptions(options.environment));
  const [environment] = await Promise.all([withDeployedKey(store, options.environment), refuseNewerStore(store)]);
  const settings = storeOptions(environment);
  return {
    store: await openStore(options.store, settings),
    locate: createLocator(settings),
    environment,
    scratchRoot: scratchRoot(store, environment),
  };
}

/** The store's deployment names the key that encrypts its objects. */
async function withDeployedKey(store: Store, environment: Environment): Promise<Environment> {
  if (environment[KMS_KEY] || !store.url.startsWith('s3://')) return environment;
  const key = (await readDeployment(store))?.kmsKeyArn;
  return key === undefined ? environment : { ...environment, [KMS_KEY]: key };
}

/** On the store's own disk where that is a folder, so that publishing is a rename. */
function scratchRoot(store: Store, environment: Environment): string {
  const root = store.localPath('.scratch');
  // Tools work in folders below it, where a relative path would lead elsewhere.
  return resolve(environment['BATCH_PIPELINE_SCRATCH'] ?? root ?? '.batch-pipeline-scratch');
}

/** An engine by name or by the path of a file that defines one; or that, with flags by key as in `--max-running`. */
export type EngineRequest = string | (Pick<EngineChoice, 'engine'> & Partial<EngineChoice>);

/** Opens an engine for runs of this store. */
export function openEngineFor(workspace: Workspace, request: EngineRequest = 'local'): Promise<ChosenEngine> {
  const choice = typeof request === 'string' ? { engine: request } : request;
  return openEngine({ flags: {}, options: [], ...choice }, engineContext(workspace));
}

function engineContext(workspace: Workspace): Omit<EngineContext, 'flags'> {
  const { store, environment } = workspace;
  const seconds = Number(environment['BATCH_PIPELINE_POLL_SECONDS']);
  return {
    store,
    environment,
    runnerModule: runnerModule(),
    scratchRoot: workspace.scratchRoot,
    pollIntervalMs: seconds > 0 ? seconds * 1000 : undefined,
    ...engineServices(workspace),
  };
}

/** Loaded when an engine asks for them. */
function engineServices({ store, environment }: Workspace): EngineServices {
  return {
    async toolsHere(pipeline) {
      const { probeTools, toolEnvironments } = await import('./probe-tools.ts');
      return toolEnvironments(pipeline, await probeTools(pipeline, environment));
    },
    async publishBundle(options) {
      const [{ buildBundle }, { publishZip }] = await Promise.all([
        import('../deploy/bundle.ts'),
        import('../deploy/zip.ts'),
      ]);
      return publishZip(store, await buildBundle(options));
    },
    outdatedImages: async (...given) => (await import('../deploy/images/outdated-images.ts')).outdatedImages(...given),
  };
}
