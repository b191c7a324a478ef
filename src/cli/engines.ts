import type { EngineContext, EngineServices } from '../engine/provider.ts';
import { type ChosenEngine, engineChoice, engineOfRun, openEngine } from '../engine/registry.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { runnerModule } from './program-files.ts';
import { scratchRoot } from './session.ts';

/** What names an engine. The flags of the engines that come with this package lie beside it, by key. */
export interface EngineFlags {
  engine?: string | undefined;
  engineOption?: string[] | undefined;
  /** Implies `aws-batch`. */
  bucketName?: string | undefined;
}

/** `aws-batch` where a bucket is named, else `local`, unless one is given. */
function engineName({ engine, bucketName }: EngineFlags): string {
  return engine ?? (bucketName === undefined ? 'local' : 'aws-batch');
}

/** Opens the engine that the flags of a command name. */
export function openNamedEngine(flags: EngineFlags, store: Store): Promise<ChosenEngine> {
  return openEngine(engineChoice(engineName(flags), flags, flags.engineOption), engineContext(store));
}

/** Opens the engine of a run that was started before; flags that are given now replace those of then. */
export function openEngineOfRun(manifest: Manifest, store: Store, given: EngineFlags = {}): Promise<ChosenEngine> {
  return openEngine(engineOfRun(manifest, given, given.engineOption), engineContext(store));
}

function engineContext(store: Store): Omit<EngineContext, 'flags'> {
  const seconds = Number(process.env['BATCH_PIPELINE_POLL_SECONDS']);
  return {
    store,
    environment: process.env,
    runnerModule: runnerModule(),
    scratchRoot: scratchRoot(store),
    pollIntervalMs: seconds > 0 ? seconds * 1000 : undefined,
    ...engineServices(store),
  };
}

/** Loaded when an engine asks for them. */
function engineServices(store: Store): EngineServices {
  return {
    async toolsHere(pipeline) {
      const { probeTools, toolEnvironments } = await import('./probe-tools.ts');
      return toolEnvironments(pipeline, await probeTools(pipeline));
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
