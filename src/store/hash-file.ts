import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Store } from './store.ts';

/** Up to this size one synchronous read costs less than setting up a stream. */
const SMALL_FILE_BYTES = 1 << 20;
/** Large enough that hashing, not the thread pool, is the bottleneck. */
export const COPY_CHUNK_BYTES = 1 << 20;

/** Hex SHA-256 of a file. Errors are those of `node:fs`. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  if (statSync(path).size <= SMALL_FILE_BYTES) return hash.update(readFileSync(path)).digest('hex');
  const source = createReadStream(path, { highWaterMark: COPY_CHUNK_BYTES });
  await pipeline(source, hash, signal ? { signal } : {});
  return hash.digest('hex');
}

/** Hex SHA-256 of an object, by reading all of it. Errors are the store's. */
export async function hashObject(store: Store, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await store.stream(key)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
