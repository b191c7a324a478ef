import { pathToFileURL } from 'node:url';
import { openStore, type OpenStoreOptions } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';

/** How another process opens a store by its URL. */
export interface Opening {
  /** Absolute path of a module that exports `openStore(url, options)`; without it, the one of this package. */
  module?: string | undefined;
  /** Passed to it; plain JSON. */
  options?: object | undefined;
}

export async function reopen(url: string, { module, options }: Opening): Promise<Store> {
  if (module === undefined) return openStore(url, options as OpenStoreOptions | undefined);
  const exported = (await import(pathToFileURL(module).href)) as {
    openStore(url: string, options?: object): Store | Promise<Store>;
  };
  return exported.openStore(url, options);
}
