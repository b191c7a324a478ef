import { GetObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { startFaultProxy, type FaultProxy } from '../stack/s3/fault-proxy.ts';
import { useS3 } from '../stack/s3/use-s3.ts';
import { tempFolder } from './temp-folder.ts';

const LARGE_BYTES = 20 * 1024 ** 2;
const TAG = [{ Key: 'batch-pipeline', Value: 'intermediate' }];

const s3 = useS3();
let proxy: FaultProxy;
beforeEach(async () => {
  proxy = await startFaultProxy(s3.server.port);
});
afterEach(() => proxy.stop());

/** The tags of the objects that a store publishes, one in a single request and one in parts. */
async function publishedTags(expendable: boolean): Promise<unknown[]> {
  const store = await openStore(s3.newUrl(), { s3: { endpoint: proxy.endpoint } });
  const client = new S3Client({ endpoint: s3.server.endpoint, forcePathStyle: true });
  const [, , Bucket = '', ...prefix] = store.url.split('/');
  const tags = [1, LARGE_BYTES].map(async (size) => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, Buffer.alloc(size));
    await store.putFile(`${size}`, file, { expendable });
    expect(await store.head(`${size}`)).toMatchObject({ size });
    return client.send(new GetObjectTaggingCommand({ Bucket, Key: [...prefix, size].join('/') })).then(
      ({ TagSet }) => TagSet,
      // As some servers answer where there are none.
      () => [],
    );
  });
  return Promise.all(tags);
}

describe('the S3 store', () => {
  test('tags what is expendable, for the lifecycle of the bucket, and nothing else', async () => {
    expect(await publishedTags(true)).toEqual([TAG, TAG]);
    expect(await publishedTags(false)).toEqual([[], []]);
  });

  test('publishes without the tag where tagging is refused, as by a role of an earlier version', async () => {
    proxy.decide(({ headers }) => (headers['x-amz-tagging'] === undefined ? 'pass' : 'deny'));
    expect(await publishedTags(true)).toEqual([[], []]);
    expect(proxy.seen.filter(({ fault }) => fault === 'deny')).toHaveLength(2);
  });
});
