import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publishZip } from '../../src/deploy/zip.ts';
import { openStore } from '../../src/store/open-store.ts';
import { useS3 } from '../stack/s3/use-s3.ts';

const s3 = useS3();

test('a bundle whose ETag is not an MD5, as with a KMS key, is written once', async () => {
  const url = s3.newUrl();
  const store = await openStore(url, s3.options);
  const built = { bytes: Buffer.from('zip'), sha256: hash('sha256', 'zip') };
  const key = `v1/bundles/${built.sha256}.zip`;
  await publishZip(store, built);
  // As long as an MD5, and kept where the server keeps it.
  const etag = '0'.repeat(32);
  const program = 'import os, sys; os.setxattr(sys.argv[1], "user.etag", sys.argv[2].encode())';
  execFileSync('python3', ['-c', program, join(s3.server.folder, url.replace('s3://', ''), key), etag]);
  expect(await store.head(key)).toMatchObject({ etag });
  await publishZip(store, built);
  expect(await store.head(key)).toMatchObject({ etag });
});
