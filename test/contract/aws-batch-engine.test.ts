import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { buildBundle } from '../../src/deploy/bundle.ts';
import { buildCode } from '../../src/deploy/user-code.ts';
import { publishZip } from '../../src/deploy/zip.ts';
import { createAwsBatchEngine } from '../../src/engine/aws-batch/aws-batch-engine.ts';
import type { AwsBatchOptions } from '../../src/engine/aws-batch/options.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { loadPipeline } from '../../src/pipeline/load-pipeline.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type AwsStack, startAwsStack } from './aws-batch-stack.ts';
import { type EngineHarness, engineContract } from './engine-contract.ts';

let stack: AwsStack;
let stores = 0;

beforeAll(async () => {
  stack = startAwsStack();
  stack.makeBucket('contract');
  await stack.makeQueue('contract');
}, 900_000);
afterAll(() => stack.stop());

/** What every run of the contract's pipeline needs; built once. */
const built = loadPipeline(join(import.meta.dirname, 'engine/contract-pipeline.ts'))
  .then(buildCode)
  .then(({ bytes }) => buildBundle({ code: bytes }));

async function openHarness(): Promise<EngineHarness> {
  const storeOptions = { s3: { endpoint: stack.s3Endpoint } };
  const store = await openStore(`s3://contract/${(stores += 1)}`, storeOptions);
  const bundle = await publishZip(store, await built);
  const folder = mkdtempSync(join(stack.folder, 'lab-'));
  const another = () =>
    withImage({
      queue: 'contract',
      storeUrl: store.url,
      endpoint: stack.endpoint,
      pollIntervalMs: 100,
      environment: {
        BATCH_FILE_TYPE: 'zip',
        BATCH_FILE_S3_URL: bundle.location,
        BATCH_FILE_SHA256: bundle.sha256,
      },
    });
  const engine = another();
  return {
    ...{ engine, another, store, storeOptions, folder },
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The contract's steps name no image, and processes of this machine need none. */
function withImage(options: AwsBatchOptions): Engine {
  const engine = createAwsBatchEngine(options);
  const image = 'registry.test/contract';
  return {
    ...engine,
    check: (needs) => engine.check(needs.map((need) => ({ ...need, image }))),
    submit: (job, dependencies) => engine.submit({ ...job, image }, dependencies),
  };
}

engineContract('the AWS Batch engine', { open: openHarness });
