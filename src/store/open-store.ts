import { openFolderStore } from './folder-store.ts';
import { remember } from './remember.ts';
import type { S3StoreOptions } from './s3/s3-options.ts';
import type { Store } from './store.ts';
import { folderRoot, invalidStore, S3_FORM, s3Location, splitPath, splitS3 } from './store-url.ts';

/** By kind of store. */
export interface OpenStoreOptions {
  s3?: S3StoreOptions;
}

/** A kind of store. */
interface StoreKind {
  /** How its URLs are written, for messages. */
  form: string;
  /** @throws PipelineError `store-url-invalid` */
  open(url: string, options: OpenStoreOptions): Promise<Store>;
  /** The URL of a store that holds the object at `location`, and its key there; `undefined` for what is no object. */
  split(location: string): { store: string; key: string } | undefined;
}

const FOLDER: StoreKind = {
  form: 'a folder',
  open: async (url) => openFolderStore(folderRoot(url)),
  split: splitPath,
};

/** All kinds, by the scheme of their URLs. What has no scheme is a path. */
const KINDS: Readonly<Record<string, StoreKind>> = {
  file: FOLDER,
  s3: {
    form: S3_FORM,
    // Loaded on demand: its SDK takes longer to load than a local command to run.
    async open(url, { s3 }) {
      const { bucket, prefix } = s3Location(url);
      return (await import('./s3-store.ts')).openS3Store(bucket, prefix, s3);
    },
    split: splitS3,
  },
};

function schemeOf(url: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(url)?.[1]?.toLowerCase();
}

/**
 * Opens the store at `url`: a path, `file:///path` or `s3://bucket/prefix`. Nothing is read or created yet.
 * @throws PipelineError `store-url-invalid`, `store-not-a-folder`
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  const scheme = schemeOf(url) ?? 'file';
  const kind = KINDS[scheme];
  const known = `Give ${Object.values(KINDS)
    .map(({ form }) => form)
    .join(', or ')}.`;
  if (url.trim() === '') throw invalidStore(url, 'it is empty', known);
  if (!kind) throw invalidStore(url, `"${scheme}:" is not a supported kind of store`, known);
  return kind.open(url, options);
}

/** The location of one object: the store that holds it, and its key there. */
export interface Located {
  store: Store;
  key: string;
}

/** Finds the store behind the path or URL of a file. Each store is opened once, however many files are asked for. */
export function createLocator(options: OpenStoreOptions = {}): (location: string) => Promise<Located> {
  const open = remember((url) => openStore(url, options));
  return async (location) => {
    // A file's name may look like a scheme.
    const kind = KINDS[schemeOf(location) ?? 'file'] ?? FOLDER;
    const { store, key } = kind.split(location) ?? splitPath(location);
    return { store: await open(store), key };
  };
}
