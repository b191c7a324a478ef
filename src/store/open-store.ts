import { openFolderStore } from './folder-store.ts';
import { parseStoreUrl } from './parse-store-url.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  s3?: S3StoreOptions;
}

/**
 * Opens the store at `url`: a path, `file:///path` or `s3://bucket/prefix`. Nothing is read or created yet. The S3
 * store is loaded on demand: its SDK takes longer to load than a local command to run.
 * @throws PipelineError `store-url-invalid`, `store-not-a-folder`
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  const location = parseStoreUrl(url);
  if (location.kind === 'folder') return openFolderStore(location.root);
  const { openS3Store } = await import('./s3-store.ts');
  return openS3Store(location.bucket, location.prefix, options.s3);
}
