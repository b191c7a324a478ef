import { afterAll, beforeAll } from 'vitest';
import type { OpenStoreOptions } from '../../../src/store/open-store.ts';
import { S3_KEYS, startS3, type S3Server } from './start-s3.ts';

/** The first start on a machine builds the server. */
const BUILD_TIMEOUT_MS = 900_000;

export interface S3InTest {
  readonly server: S3Server;
  /** For `openStore`; filled when the server is up. */
  readonly options: OpenStoreOptions;
  /** `s3://BUCKET/PREFIX`, another one with every call. */
  newUrl(): string;
}

/** Starts a server with a bucket before the tests of a file, and stops it after them. */
export function useS3(): S3InTest {
  const bucket = 'lab-bucket';
  const s3: { endpoint?: string } = {};
  let server: S3Server | undefined;
  let prefixes = 0;
  beforeAll(async () => {
    Object.assign(process.env, S3_KEYS);
    server = await startS3();
    server.makeBucket(bucket);
    s3.endpoint = server.endpoint;
  }, BUILD_TIMEOUT_MS);
  afterAll(() => server?.stop());
  return {
    options: { s3 },
    newUrl: () => `s3://${bucket}/test/${++prefixes}`,
    get server() {
      if (!server) throw new Error('The server is started before the first test');
      return server;
    },
  };
}
