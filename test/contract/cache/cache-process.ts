import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf, systemCode } from '../../../src/errors.ts';
import type { Lock } from '../../../src/runner/cache/flock.ts';
import { openReferenceCache } from '../../../src/runner/cache/reference-cache.ts';
import { createLocator, type Located } from '../../../src/store/open-store.ts';
import { sha256 } from '../../../src/testing/store/store-helpers.ts';

/** Takes an input from the cache in a separate process. */
export interface CachePart {
  folder: string;
  limit?: string;
  endpoint: string;
  input: { location: string; size: number; sha256?: string; etag?: string };
}

/** What became of it. */
export type CacheOutcome =
  /** `read` is the checksum of what lies at the path. */
  { path: string; fetched: boolean; sha256: string; read: string } | { error: string; code: string | undefined };

function locate({ endpoint, input }: CachePart): Promise<Located> {
  return createLocator({ s3: { endpoint } })(input.location);
}

/** Takes the input from the cache, and reads it. */
export async function take(part: CachePart, signal: AbortSignal): Promise<{ outcome: CacheOutcome; held?: Lock }> {
  const { folder, limit, input } = part;
  const located = await locate(part);
  try {
    const held = await openReferenceCache({ folder, limit }).hold({ ...input, located }, signal);
    const { path, fetched, sha256: sum } = held;
    return { held, outcome: { path, fetched, sha256: sum, read: sha256(readFileSync(path)) } };
  } catch (error) {
    return { outcome: { error: messageOf(error), code: systemCode(error) } };
  }
}

/*
 * Says "ready", waits for a line, holds the input and prints what became of it; SIGTERM gives up, a further line lets
 * go of the input.
 */
if (import.meta.main) {
  const part = JSON.parse(process.argv[2] ?? '') as CachePart;
  const abort = new AbortController();
  process.on('SIGTERM', () => abort.abort(new Error('asked to stop')));
  const lines = createInterface({ input: process.stdin });
  // Whatever is loaded lazily is loaded before the race.
  await locate(part);
  process.stdout.write('ready\n');
  await once(lines, 'line');
  const { outcome } = await take(part, abort.signal);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  await once(lines, 'line');
  process.exit(0);
}
