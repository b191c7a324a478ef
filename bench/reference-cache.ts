/**
 * Children of one instance that need the same reference, with and without its cache.
 * Usage: node bench/reference-cache.ts [MB] [CHILDREN] [FOLDER]
 * FOLDER should be in memory: on a shared disk, the disk is measured.
 */
import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openReferenceCache } from '../src/runner/cache/reference-cache.ts';
import { hashFile } from '../src/store/hash-file.ts';
import { openStore } from '../src/store/open-store.ts';
import { type SeenRequest, startFaultProxy } from '../test/stack/s3/fault-proxy.ts';
import { S3_KEYS, startS3 } from '../test/stack/s3/start-s3.ts';

const MB = 1_000_000;
const STORE = 's3://bench-bucket/store';
const KEY = 'index';

/** Message to a child. */
interface Part {
  endpoint: string;
  size: number;
  sha256: string;
  scratch: string;
  cache?: string;
  /** Starts, and stages nothing: the cost of a process alone. */
  idle?: true;
}

async function stage({ endpoint, size, sha256, scratch, cache, idle }: Part): Promise<void> {
  const store = await openStore(STORE, { s3: { endpoint } });
  const { signal } = new AbortController();
  if (idle) await store.head(KEY);
  else if (cache === undefined) await store.getFile(KEY, join(scratch, `${process.pid}`), { sha256 });
  else {
    const input = { location: `${STORE}/${KEY}`, size, sha256, located: { store, key: KEY } };
    (await openReferenceCache({ folder: cache, limit: undefined }).hold(input, signal)).release();
  }
}

/** Seconds until all children have it. */
async function stageAll(part: Part, children: number): Promise<number> {
  const start = performance.now();
  const words = [import.meta.filename, '--child', JSON.stringify(part)];
  await Promise.all(Array.from({ length: children }, () => execa(process.execPath, words)));
  return (performance.now() - start) / 1000;
}

function bytesAsked(seen: readonly SeenRequest[]): number {
  const ranges = seen.map(({ method, headers }) =>
    method === 'GET' ? /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') : null,
  );
  return ranges.reduce((sum, range) => sum + (range ? Number(range[2]) - Number(range[1]) + 1 : 0), 0);
}

async function main(megabytes: number, children: number, folder: string): Promise<void> {
  const home = mkdtempSync(join(folder, 'reference-cache-'));
  process.env.TMPDIR = home;
  const server = await startS3();
  const proxy = await startFaultProxy(server.port);
  server.makeBucket('bench-bucket');
  const file = join(home, 'file');
  for (let i = 0; i < megabytes; i++) writeFileSync(file, randomBytes(MB), { flag: 'a' });
  const part = { size: megabytes * MB, sha256: await hashFile(file) };
  await (await openStore(STORE, { s3: { endpoint: server.endpoint } })).putFile(KEY, file);
  const measure = async (cached: boolean) => {
    const [scratch, cache] = [join(home, 'scratch'), join(home, 'cache')];
    const seconds: number[] = [];
    // Bytes are counted in a separate round, by a proxy, which would otherwise be the slowest part.
    for (const endpoint of [server.endpoint, proxy.endpoint]) {
      for (const path of [scratch, cache]) rmSync(path, { recursive: true, force: true });
      for (const path of [scratch, cache]) mkdirSync(path);
      proxy.seen.splice(0);
      seconds.push(await stageAll({ ...part, endpoint, scratch, ...(cached ? { cache } : {}) }, children));
    }
    // The cache is filled by now.
    const warm = cached ? await stageAll({ ...part, endpoint: server.endpoint, scratch, cache }, children) : Number.NaN;
    return { seconds: seconds[0] ?? Number.NaN, warm, bytes: bytesAsked(proxy.seen) };
  };
  try {
    const idle = await stageAll({ ...part, endpoint: server.endpoint, scratch: home, idle: true }, children);
    const [without, within] = [await measure(false), await measure(true)];
    console.log(`${children} children, a reference of ${megabytes} MB; every one of them verifies its SHA-256\n`);
    console.log(`Seconds are above the ${idle.toFixed(1)} s in which as many children start and do nothing.\n`);
    const above = (seconds: number) => seconds - idle;
    const row = (cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`);
    row(['', 'MB from S3', 's', 's, once it is there']);
    row(['---', '---:', '---:', '---:']);
    row(['without the cache', without.bytes / MB, above(without.seconds).toFixed(1), '']);
    row(['with it', within.bytes / MB, above(within.seconds).toFixed(1), above(within.warm).toFixed(1)]);
  } finally {
    await proxy.stop();
    await server.stop();
    rmSync(home, { recursive: true });
  }
}

Object.assign(process.env, S3_KEYS);
const [first = '200', second = '16', third = '/dev/shm'] = process.argv.slice(2);
if (first === '--child') await stage(JSON.parse(second) as Part);
else await main(Number(first), Number(second), third);
