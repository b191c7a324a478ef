import { type EngineChoice, engineChoice } from '../engine/registry.ts';
import { openWorkspace, type Workspace } from '../run/workspace.ts';

/** Default location of the store. */
const DEFAULT_STORE = './batch-pipeline-store';

/** What names an engine. The flags of the engines that come with this package lie beside it, by key. */
export interface EngineFlags {
  engine?: string | undefined;
  engineOption?: string[] | undefined;
  /** Implies `aws-batch`. */
  bucketName?: string | undefined;
}

/** @throws PipelineError `document-newer` for a store that this program would misread */
export function openSession(url: string): Promise<Workspace> {
  return openWorkspace({ store: url, environment: process.env });
}

/** The store that `--store`, `--bucket-name` or the environment names. */
export function storeUrl(options: { store?: string | undefined; bucketName?: string | undefined }): string {
  const fromBucket = options.bucketName === undefined ? undefined : `s3://${options.bucketName}`;
  return options.store ?? fromBucket ?? process.env['BATCH_PIPELINE_STORE'] ?? DEFAULT_STORE;
}

/** The engine that the flags of a command name: `aws-batch` where a bucket is named, else `local`, unless one is given. */
export function chosenEngine(flags: EngineFlags): EngineChoice {
  const { engine, bucketName, engineOption } = flags;
  return engineChoice(engine ?? (bucketName === undefined ? 'local' : 'aws-batch'), flags, engineOption);
}

/** How to call this program again for the same store. */
export function commandWith(flags: { store?: string | undefined; bucketName?: string | undefined }): string {
  if (flags.store !== undefined) return `batch-pipeline --store ${shellWord(flags.store)}`;
  return flags.bucketName === undefined ? 'batch-pipeline' : `batch-pipeline --store s3://${flags.bucketName}`;
}

/** As it can be pasted into a shell. */
function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
