import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, PipelineError } from '../errors.ts';
import { openStore, type OpenStoreOptions } from './open-store.ts';
import { remember } from './remember.ts';
import type { Store } from './store.ts';

/** The location of one object: the store that holds it, and its key there. */
export interface Located {
  store: Store;
  key: string;
}

/**
 * Finds the store behind a path or an `s3://bucket/key` URL. One store is opened per bucket, and one for the
 * file system, however many files are asked for.
 */
export function createLocator(options: OpenStoreOptions = {}): (location: string) => Promise<Located> {
  const open = remember((url) => openStore(url, options));
  return async (location) => {
    const s3 = /^(s3:\/\/[^/]+)\/(.+)$/.exec(location);
    if (s3) return { store: await open(s3[1] as string), key: s3[2] as string };
    const path = pathOf(location);
    return { store: await open(dirname(path)), key: path.slice(join(dirname(path), '/').length) };
  };
}

/** Folder stores return `file:` URLs, which encode a blank as `%20`. */
function pathOf(location: string): string {
  if (!location.startsWith('file://')) return resolve(location);
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw new PipelineError({ code: 'location-invalid', message: `"${location}" is not a file: ${messageOf(error)}` });
  }
}
