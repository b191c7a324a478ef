import { z } from 'zod';
import { PipelineError } from '../errors.ts';
import { isSampleName, parseReferenceKey, referenceKeys, REFERENCES_PREFIX } from '../record/keys.ts';
import type { FileIdentity } from '../record/manifest.ts';
import { parseDocument } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';

const referenceManifest = z.object({
  version: z.literal(1),
  name: z.string(),
  addedAt: z.string(),
  files: z.record(z.string(), z.object({ key: z.string(), size: z.number(), sha256: z.string() })),
});
/** A named set of reference files in the store. */
export type NamedReference = z.infer<typeof referenceManifest>;

export async function listReferences(store: Store): Promise<NamedReference[]> {
  const names: string[] = [];
  for await (const page of store.list(REFERENCES_PREFIX)) {
    for (const { key } of page) {
      const name = parseReferenceKey(key);
      if (name !== undefined) names.push(name);
    }
  }
  return Promise.all(names.toSorted().map((name) => readReference(store, name)));
}

/** @throws PipelineError `reference-unknown` */
export async function readReference(store: Store, name: string): Promise<NamedReference> {
  const key = referenceKeys.manifest(name);
  const body = isSampleName(name) ? await store.read(key) : undefined;
  if (body) return parseDocument(referenceManifest, key, body);
  throw new PipelineError({
    code: 'reference-unknown',
    message: `The store ${store.url} has no reference "${name}"`,
    hint: `Build it once: batch-pipeline reference build ${name} --reference-file NAME=PATH …`,
  });
}

/**
 * The files of a named reference as inputs of a run, identified by checksum so that a copy elsewhere counts as the
 * same.
 */
export async function referenceIdentities(store: Store, name: string): Promise<Record<string, FileIdentity>> {
  const { files } = await readReference(store, name);
  const base = store.url.replace(/\/$/, '');
  const entries = Object.entries(files).map(async ([file, { key, size, sha256 }]): Promise<[string, FileIdentity]> => {
    const info = await store.head(key);
    if (info?.size !== size) throw damaged(name, key);
    return [file, { location: `${base}/${key}`, size, etag: info.etag, sha256 }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

function damaged(name: string, key: string): PipelineError {
  return new PipelineError({
    code: 'reference-damaged',
    message: `Reference "${name}": ${key} is missing or truncated`,
    hint: 'Run batch-pipeline reference check for details, and build it again under another name.',
  });
}

/** A file that will become part of a reference: a private copy, which publishing may move. */
export interface ReferenceCopy {
  /** The pipeline's name for it: `fasta`. */
  name: string;
  file: string;
  path: string;
  size: number;
  sha256: string;
}

/**
 * Stores files under a name; the manifest is written last and never changed.
 * @throws PipelineError `reference-taken` if the name already holds other content
 */
export async function addReference(
  store: Store,
  name: string,
  copies: readonly ReferenceCopy[],
): Promise<NamedReference> {
  const files: NamedReference['files'] = {};
  for (const copy of copies) {
    const key = referenceKeys.file(name, copy.file);
    files[copy.name] = { key, size: copy.size, sha256: copy.sha256 };
  }
  const manifest: NamedReference = { version: 1, name, addedAt: new Date().toISOString(), files };
  const key = referenceKeys.manifest(name);
  const taken = await store.read(key);
  if (taken) return sameContent(manifest, parseDocument(referenceManifest, key, taken));
  for (const { path, file, sha256 } of copies) await store.putFile(referenceKeys.file(name, file), path, { sha256 });
  if (await store.create(referenceKeys.manifest(name), JSON.stringify(manifest))) return manifest;
  return sameContent(manifest, await readReference(store, name));
}

function sameContent(wanted: NamedReference, there: NamedReference): NamedReference {
  const sums = (reference: NamedReference) =>
    JSON.stringify(
      Object.entries(reference.files)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([file, { sha256 }]) => [file, sha256]),
    );
  if (sums(wanted) === sums(there)) return there;
  throw new PipelineError({
    code: 'reference-taken',
    message: `Reference "${wanted.name}" already exists with other files`,
    hint: 'Choose another name: earlier runs refer to this one.',
  });
}
