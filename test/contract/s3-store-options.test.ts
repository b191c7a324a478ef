import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { S3StoreOptions } from '../../src/store/s3/s3-options.ts';
import { partBytes } from '../../src/store/s3/upload-file.ts';
import { startFaultProxy, type FaultProxy } from '../stack/s3/fault-proxy.ts';
import { S3_KEYS } from '../stack/s3/start-s3.ts';
import { useS3 } from '../stack/s3/use-s3.ts';
import { startProcess } from '../../src/testing/store/start-process.ts';
import { tempFolder } from './temp-folder.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const SLOW_TIMEOUT_MS = 120_000;

const s3 = useS3();
const opening = { options: s3.options };

describe('the S3 store', () => {
  let proxy: FaultProxy;
  beforeEach(async () => {
    proxy = await startFaultProxy(s3.server.port);
  });
  afterEach(() => proxy.stop());

  /** The headers of encryption in every request that makes an object, small or in parts. */
  const encryptionHeaders = async (options: S3StoreOptions) => {
    const store = await openStore(s3.newUrl(), { s3: { ...options, endpoint: proxy.endpoint } });
    const file = join(tempFolder(), 'file');
    writeFileSync(file, Buffer.alloc(20 * MiB));
    await store.write('a', 'a');
    await store.create('b', 'b');
    await store.putFile('c', file);
    return proxy.seen
      .filter(({ method, url }) => (method === 'PUT' && !url.includes('partNumber')) || url.includes('?uploads'))
      .map(({ headers }) =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => name.includes('server-side-encryption'))),
      );
  };

  test('leaves encryption to the bucket’s default', async () => {
    expect(await encryptionHeaders({})).toEqual([{}, {}, {}]);
  });

  test('requests encryption with a KMS key', async () => {
    const expected = {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/lab',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
    };
    expect(await encryptionHeaders({ kmsKeyId: 'alias/lab' })).toEqual([expected, expected, expected]);
  });

  test('sends a checksum with every write', async () => {
    await encryptionHeaders({});
    const bodies = proxy.seen.filter(({ method }) => method === 'PUT');
    expect(bodies).toHaveLength(4);
    for (const { headers } of bodies) expect(headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/);
  });

  test('needs a single request for a small object, and a page of a listing', async () => {
    const store = await openStore(s3.newUrl(), { s3: { endpoint: proxy.endpoint } });
    await store.write('a', 'a');
    await store.read('a');
    await store.head('a');
    await store.create('b', 'b');
    await Array.fromAsync(store.list(''));
    await store.remove(['a', 'b']);
    expect(proxy.seen.map(({ method }) => method)).toEqual(['PUT', 'GET', 'HEAD', 'PUT', 'GET', 'POST']);
  });

  test('hides the folder markers of consoles', async () => {
    const store = await openStore(s3.newUrl(), s3.options);
    await store.write('b', 'b');
    const [, , Bucket = '', ...prefix] = store.url.split('/');
    const client = new S3Client({ endpoint: s3.server.endpoint, forcePathStyle: true });
    await client.send(new PutObjectCommand({ Bucket, Key: `${prefix.join('/')}/folder/`, Body: '', ContentLength: 0 }));
    expect((await Array.fromAsync(store.list(''))).flat().map(({ key }) => key)).toEqual(['b']);
  });

  test('reports what is wrong with a bucket, a key or a network', async () => {
    const open = (url: string, options: S3StoreOptions = {}) =>
      openStore(url, { s3: { endpoint: s3.server.endpoint, attempts: 2, ...options } });
    const missing = await open('s3://no-such-bucket');
    await expect(missing.write('a', '')).rejects.toMatchObject({ code: 'store-missing', exitCode: 3 });
    await expect(missing.read('a')).rejects.toMatchObject({ code: 'store-missing' });
    const away = await open('s3://lab-bucket', { endpoint: 'http://127.0.0.1:9' });
    await expect(away.read('a')).rejects.toMatchObject({ code: 'store-unreachable', where: 's3://lab-bucket/a' });
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    onTestFinished(() => void Object.assign(process.env, S3_KEYS));
    const stranger = await open('s3://lab-bucket');
    await expect(stranger.write('a', '')).rejects.toMatchObject({ code: 'aws-credentials' });
    await expect(stranger.head('a')).rejects.toMatchObject({ code: 'store-denied' });
  });

  test('waits for a busy credentials endpoint', { timeout: SLOW_TIMEOUT_MS }, async () => {
    let requests = 0;
    const credentials = { AccessKeyId: S3_KEYS.AWS_ACCESS_KEY_ID, SecretAccessKey: S3_KEYS.AWS_SECRET_ACCESS_KEY };
    const expiry = { Token: '', Expiration: new Date(Date.now() + 3_600_000).toISOString() };
    const endpoint = await serve((_, answer) => {
      requests++;
      if (requests <= 5) answer.writeHead(429).end('{}');
      else answer.end(JSON.stringify({ ...credentials, ...expiry }));
    });
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = process.env;
    const env = { ...others, AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint };
    const part = { role: 'create', url: s3.newUrl(), opening, keys: ['a'], letter: 'x', size: 1 } as const;
    const child = await startProcess({ ...part, keys: ['a'] }, { env });
    expect(await child.go()).toEqual([1]);
    await child.kill();
    expect(requests).toBeGreaterThan(5);
  });

  test('needs bounded memory for a large file', { timeout: SLOW_TIMEOUT_MS }, async () => {
    const size = 512 * MiB;
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    truncateSync(file, size);
    const part = { role: 'peak', url: s3.newUrl(), opening, letter: '', size: 0, file } as const;
    const child = await startProcess({ ...part, keys: ['a'] });
    const peakMiB = await child.go<number>();
    await child.kill();
    expect(statSync(`${file}-down`).size).toBe(size);
    expect(peakMiB).toBeLessThan(450);
  });

  test.for([
    [0, 16 * MiB],
    [100 * 1000 ** 3, 16 * MiB],
    [156.25 * GiB, 16 * MiB],
    [156.25 * GiB + 1, 17 * MiB],
    [5 * 1024 * GiB, 525 * MiB],
  ] as const)('cuts %d bytes into parts of %d', ([size, expected]) => {
    expect(partBytes(size)).toBe(expected);
    expect(Math.ceil(size / partBytes(size))).toBeLessThanOrEqual(10_000);
  });
});

/** A server for this test; returns its URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/credentials`;
}
