import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../stack/s3/fault-proxy.ts';
import { useS3 } from '../stack/s3/use-s3.ts';
import { keysUnder, noise, sha256, textOf } from '../../src/testing/store/store-helpers.ts';
import { tempFolder } from './temp-folder.ts';

const FAULT_TIMEOUT_MS = 180_000;
const LARGE_BYTES = 70_000_001;
const PARTS = 5;

const s3 = useS3();
const large = noise(LARGE_BYTES);

describe('the S3 store', { timeout: FAULT_TIMEOUT_MS }, () => {
  let proxy: FaultProxy;
  let store: Store;
  let scratch: string;
  beforeEach(async () => {
    proxy = await startFaultProxy(s3.server.port);
    store = await openStore(s3.newUrl(), { s3: { endpoint: proxy.endpoint } });
    scratch = tempFolder();
    writeFileSync(join(scratch, 'large'), large);
  });
  afterEach(() => proxy.stop());

  const upload = (options = {}) => store.putFile('large', join(scratch, 'large'), options);
  const download = (options = {}) => store.getFile('large', join(scratch, 'target'), options);
  const downloaded = () => readFileSync(join(scratch, 'target')).equals(large);
  const count = (method: string, url: RegExp) =>
    proxy.seen.filter((request) => request.method === method && url.test(request.url)).length;
  /** The first `times` requests of a kind meet a fault. */
  const fail = (fault: Fault, times: number, method: string, url = /./) => {
    let left = times;
    proxy.decide((request) => {
      const meant = request.method === method && url.test(request.url) && left-- > 0;
      return meant ? fault : 'pass';
    });
  };
  const openUploads = async () => {
    const client = new S3Client({ endpoint: s3.server.endpoint, forcePathStyle: true });
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'lab-bucket' }));
    return Uploads.map(({ Key }) => `s3://lab-bucket/${Key}`).filter((url) => url.startsWith(`${store.url}/`));
  };

  test('continues when the server is killed and restarted during an upload', async () => {
    const running = upload({ sha256: sha256(large) });
    while (count('PUT', /partNumber/) < 2) await sleep(1);
    await s3.server.kill();
    await sleep(1500);
    await s3.server.restart();
    expect(await running).toMatchObject({ size: LARGE_BYTES });
    await download();
    expect(downloaded()).toBe(true);
    expect(await openUploads()).toEqual([]);
  });

  test('continues when the server is killed and restarted during a download', async () => {
    await upload();
    const running = download({ sha256: sha256(large) });
    while (count('GET', /large/) < 2) await sleep(1);
    await s3.server.kill();
    await sleep(1500);
    await s3.server.restart();
    await running;
    expect(downloaded()).toBe(true);
  });

  test('slows down on request, and completes everything', async () => {
    let requests = 0;
    proxy.decide(() => (++requests % 3 === 0 ? 'slow-down' : 'pass'));
    await upload();
    await download();
    for (const key of ['a', 'b', 'c', 'd']) expect(await store.create(key, key)).toBe(true);
    expect(await keysUnder(store, '')).toEqual(['a', 'b', 'c', 'd', 'large']);
    await store.remove(['a', 'b', 'c', 'd']);
    expect(downloaded()).toBe(true);
    expect(proxy.seen.filter(({ fault }) => fault === 'slow-down').length).toBeGreaterThan(5);
  });

  test('gives up if that never ends, and leaves nothing', async () => {
    store = await openStore(store.url, { s3: { endpoint: proxy.endpoint, attempts: 3 } });
    fail('slow-down', Infinity, 'PUT', /partNumber=3/);
    await expect(upload()).rejects.toMatchObject({ code: 'store-busy', exitCode: 3 });
    expect(count('PUT', /partNumber=3/)).toBe(3);
    expect(await keysUnder(store, '')).toEqual([]);
    expect(await openUploads()).toEqual([]);
  });

  test('recognises its own object when the response to create is lost', async () => {
    fail('lose-answer', 2, 'PUT');
    expect(await store.create('a', 'mine')).toBe(true);
    expect(count('PUT', /./)).toBe(3);
    expect(await textOf(store, 'a')).toBe('mine');
  });

  test('recognises another’s object when the response to create is lost', async () => {
    await store.create('a', 'same');
    fail('lose-answer', 2, 'PUT');
    expect(await store.create('a', 'same')).toBe(false);
  });

  test('recognises a complete upload when the response is lost', async () => {
    fail('lose-answer', 1, 'POST', /uploadId/);
    const uploaded = await upload();
    expect(await store.head('large')).toMatchObject(uploaded);
    expect(count('POST', /uploadId/)).toBe(2);
    await download();
    expect(downloaded()).toBe(true);
  });

  test.for(['HEAD', 'GET', 'PUT', 'POST'])('repeats every %s whose response is lost', async (method) => {
    const seen = new Set<string>();
    proxy.decide((request) => {
      const id = `${request.method} ${request.url}`;
      const first = request.method === method && !seen.has(id);
      seen.add(id);
      return first ? 'lose-answer' : 'pass';
    });
    await upload();
    await store.write('a', 'text');
    expect(await keysUnder(store, '')).toEqual(['a', 'large']);
    await store.remove(['a', 'large']);
    expect(await keysUnder(store, '')).toEqual([]);
  });

  test('resumes a download where the response broke off', async () => {
    await upload();
    fail('cut-answer', 7, 'GET');
    await download();
    expect(downloaded()).toBe(true);
    const ranges = proxy.seen.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range ?? '');
    expect(ranges).toHaveLength(PARTS + 7);
    expect(new Set(ranges).size).toBe(PARTS + 7);
  });

  test('resumes a stream where it broke off, and rereads small objects', async () => {
    await store.write('a', large.subarray(0, 1_000_000));
    fail('cut-answer', 2, 'GET');
    expect((await buffer(await store.stream('a', { start: 5 }))).equals(large.subarray(5, 1_000_000))).toBe(true);
    fail('cut-answer', 2, 'GET');
    expect(large.subarray(0, 1_000_000).equals((await store.read('a')) ?? Buffer.of())).toBe(true);
  });

  test('resends data damaged on upload', async () => {
    fail('damage-request', 3, 'PUT');
    await upload();
    await store.write('a', 'text');
    proxy.decide(() => 'pass');
    await download();
    expect(downloaded()).toBe(true);
    expect(await textOf(store, 'a')).toBe('text');
  });

  test('rereads, or refuses, data damaged on download', async () => {
    await upload();
    await store.write('a', 'text');
    fail('damage-answer', 2, 'GET');
    expect(await textOf(store, 'a')).toBe('text');
    fail('damage-answer', 1, 'GET');
    await expect(download()).rejects.toMatchObject({ code: 'checksum-mismatch' });
    expect(existsSync(join(scratch, 'target'))).toBe(false);
    expect(readdirSync(scratch)).toEqual(['large']);
  });

  test('reports an object that is replaced while it is read', async () => {
    await upload();
    let gets = 0;
    let replaced = false;
    proxy.decide(({ method }) => {
      if (method !== 'GET' || ++gets === 1) return 'pass';
      if (gets === 2) return 'cut-answer';
      return replaced ? 'pass' : 'slow-down';
    });
    const outcome = download().catch((error: unknown) => error);
    while (gets < 2) await sleep(1);
    await (await openStore(store.url, s3.options)).write('large', 'replaced');
    replaced = true;
    expect(await outcome).toMatchObject({ code: 'object-changed' });
    expect(readdirSync(scratch)).toEqual(['large']);
  });

  test('stops at once on abort, and frees what was uploaded', async () => {
    proxy.decide(({ url }) => (/partNumber=[45]/.test(url) ? 'hold' : 'pass'));
    const stop = new AbortController();
    const running = upload({ signal: stop.signal });
    while (count('PUT', /partNumber/) < PARTS) await sleep(1);
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(await keysUnder(store, '')).toEqual([]);
    expect(await openUploads()).toEqual([]);
  });

  test('stops a download too, and leaves no part of it', async () => {
    await upload();
    proxy.decide(({ method }) => (method === 'GET' ? 'hold' : 'pass'));
    const stop = new AbortController();
    const running = download({ signal: stop.signal });
    while (count('GET', /./) < PARTS) await sleep(1);
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(scratch)).toEqual(['large']);
  });
});
