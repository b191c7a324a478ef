import { afterAll, beforeAll } from 'vitest';
import { openStore, type OpenStoreOptions } from '../../src/store/open-store.ts';
import { S3_KEYS, startS3, type S3Server } from '../stack/s3/start-s3.ts';
import { storeContract } from './store-contract.ts';
import { tempFolder } from './store/temp-folder.ts';

/** The first start on a machine builds the server. */
const BUILD_TIMEOUT_MS = 900_000;

const options: OpenStoreOptions & { s3: object } = { s3: {} };
let server: S3Server;
let prefixes = 0;

beforeAll(async () => {
  Object.assign(process.env, S3_KEYS);
  server = await startS3();
  server.makeBucket('lab-bucket');
  Object.assign(options.s3, { endpoint: server.endpoint });
}, BUILD_TIMEOUT_MS);
afterAll(() => server.stop());

storeContract('the S3 store', {
  open: () => openStore(`s3://lab-bucket/test/${++prefixes}`, options),
  options,
  scratch: tempFolder,
});
