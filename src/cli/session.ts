import { resolve } from 'node:path';
import { readDeployment } from '../ledger/deployment.ts';
import { refuseNewerStore } from '../ledger/store-documents.ts';
import { createLocator, openStore, type Located } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { KMS_KEY, storeOptions } from '../store/store-options.ts';

/** Where everything lies unless the user says otherwise. */
const DEFAULT_STORE = './batch-pipeline-store';

/** What every command works with. */
export interface Session {
  store: Store;
  locate: (location: string) => Promise<Located>;
}

/** @throws PipelineError `document-newer` for a store that this program would misread */
export async function openSession(storeUrl: string): Promise<Session> {
  const store = await openStore(storeUrl, storeOptions(process.env));
  await Promise.all([useDeployedKey(store), refuseNewerStore(store)]);
  const options = storeOptions(process.env);
  return { store: await openStore(storeUrl, options), locate: createLocator(options) };
}

/** What is deployed for a store says with which key its objects are encrypted, unless the user does. */
async function useDeployedKey(store: Store): Promise<void> {
  if (process.env[KMS_KEY] || !store.url.startsWith('s3://')) return;
  const key = (await readDeployment(store))?.kmsKeyArn;
  if (key !== undefined) process.env[KMS_KEY] = key;
}

/** The store that `--store`, `--bucket-name` or the environment names. */
export function storeUrl(options: { store?: string | undefined; bucketName?: string | undefined }): string {
  const fromBucket = options.bucketName === undefined ? undefined : `s3://${options.bucketName}`;
  return options.store ?? fromBucket ?? process.env['BATCH_PIPELINE_STORE'] ?? DEFAULT_STORE;
}

/** Scratch lies on the store's own disk where that is a folder, so that publishing is a rename. */
export function scratchRoot(store: Store): string {
  const root = store.localPath('.scratch');
  // Tools work in folders below it, where a relative path would lead elsewhere.
  return resolve(process.env['BATCH_PIPELINE_SCRATCH'] ?? root ?? '.batch-pipeline-scratch');
}
