import { hash } from 'node:crypto';
import { zipSync, type Zippable } from 'fflate';
import { bundleKey } from '../record/keys.ts';
import type { Bundle } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';

/** A zip that runs need, by its content. */
export interface BuiltZip {
  bytes: Uint8Array;
  /** Hex, of the bytes. */
  sha256: string;
}

/** Zip knows no times before; the bytes must not tell when it was made. */
const EPOCH = new Date(1980, 0, 1);
/** A Unix made it, and everybody may read and execute: APPNOTE.TXT 4.4.2, 4.4.15. */
const UNIX = 3;
const MODE = 0o755;

/** The same files give the same bytes. */
export function zipFiles(files: Readonly<Record<string, Uint8Array>>): BuiltZip {
  const attributes = { level: 9, mtime: EPOCH, os: UNIX, attrs: MODE << 16 } as const;
  const names = Object.keys(files).sort();
  const bytes = zipSync(Object.fromEntries(names.map((name) => [name, [files[name], attributes]])) as Zippable);
  return { bytes, sha256: hash('sha256', bytes, 'hex') };
}

/** Uploads a zip unless the store has it; its name is its content. */
export async function publishZip(store: Store, { bytes, sha256 }: BuiltZip): Promise<Bundle> {
  const key = bundleKey(sha256);
  if (!(await isThere(store, key, bytes))) await store.write(key, bytes);
  return { location: `${store.url.replace(/\/$/, '')}/${key}`, sha256 };
}

/**
 * Without a KMS key S3 has the MD5 for an ETag; with one only the bytes tell. To write the same again would do harm: it
 * makes another version, and containers that fetch the one before are refused the rest of it.
 */
async function isThere(store: Store, key: string, bytes: Uint8Array): Promise<boolean> {
  const there = await store.head(key);
  if (there?.size !== bytes.byteLength) return false;
  if (there.etag === hash('md5', bytes)) return true;
  const stored = await store.read(key);
  return stored !== undefined && Buffer.compare(stored, bytes) === 0;
}
