import { ExitCode, PipelineError } from '../errors.ts';
import { openFolderStore } from './folder-store.ts';
import { parseStoreUrl } from './parse-store-url.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  s3?: S3StoreOptions;
}

/**
 * Opens the store at `url`: a path, `file:///path` or `s3://bucket/prefix`. Nothing is read or made yet.
 * @throws PipelineError `store-url-invalid`, `store-not-a-folder`
 */
export async function openStore(url: string, _options: OpenStoreOptions = {}): Promise<Store> {
  const location = parseStoreUrl(url);
  if (location.kind === 'folder') return openFolderStore(location.root);
  throw new PipelineError({
    code: 'store-url-invalid',
    message: `${url} is on S3, which this version cannot open yet`,
    exitCode: ExitCode.environment,
  });
}
