import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lookUpFiles } from '../../src/samples/look-up-files.ts';
import { createLocator } from '../../src/store/open-store.ts';
import { type FaultProxy, startFaultProxy } from '../stack/s3/fault-proxy.ts';
import { useS3 } from '../stack/s3/use-s3.ts';

const s3 = useS3();
let proxy: FaultProxy;
beforeAll(async () => {
  proxy = await startFaultProxy(s3.server.port);
}, 900_000);
afterAll(() => proxy.stop());

/** Puts files into a bucket of this name; returns their locations. */
function put(bucket: string, keys: readonly string[]): string[] {
  return keys.map((key) => {
    const path = join(s3.server.folder, bucket, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, key);
    return `s3://${bucket}/${key}`;
  });
}

/** Looks at all of them; returns how often it listed and looked. */
async function requests(locations: readonly string[]): Promise<{ lists: number; heads: number }> {
  const locate = createLocator({ s3: { endpoint: proxy.endpoint } });
  proxy.seen.length = 0;
  const lookUp = await lookUpFiles(locations, locate);
  const found = await Promise.all(locations.map(lookUp));
  const count = (method: string) => proxy.seen.filter((request) => request.method === method).length;
  const counts = { lists: count('GET'), heads: count('HEAD') };
  // A runner, which looks at one file, has to see the same.
  const heads = await Promise.all(
    locations.map(async (location) => {
      const { store, key } = await locate(location);
      return store.head(key);
    }),
  );
  expect(found).toEqual(heads);
  return counts;
}

const names = (count: number, name: (i: number) => string) => Array.from({ length: count }, (_, i) => name(i));

test('many files of one folder cost a listing, with the same results as one request each', async () => {
  const files = put(
    'looks-many',
    names(1100, (i) => `in/S${i}.txt`),
  );
  expect(await requests(files)).toEqual({ lists: 2, heads: 0 });
});

test('few files cost one request each', async () => {
  const files = put(
    'looks-few',
    names(20, (i) => `in/S${i}.txt`),
  );
  expect(await requests(files)).toEqual({ lists: 0, heads: 20 });
});

test('a listing that does not reach them is abandoned', async () => {
  put(
    'looks-crowd',
    names(3000, (i) => `in/A${i}.txt`),
  );
  const files = put(
    'looks-crowd',
    names(120, (i) => `in/S${i}.txt`),
  );
  expect(await requests(files)).toEqual({ lists: 3, heads: 120 });
});

test('a missing file is looked up, and absent', async () => {
  const files = put(
    'looks-gap',
    names(120, (i) => `in/S${i}.txt`),
  );
  expect(await requests([...files, 's3://looks-gap/in/T.txt'])).toEqual({ lists: 1, heads: 1 });
});
