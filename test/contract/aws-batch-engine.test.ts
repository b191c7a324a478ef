import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { buildBundle } from '../../src/deploy/bundle.ts';
import { type BuiltZip, publishZip } from '../../src/deploy/zip.ts';
import { createAwsBatchEngine } from '../../src/engine/aws-batch/aws-batch-engine.ts';
import type { AwsBatchOptions } from '../../src/engine/aws-batch/options.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type AwsStack, startAwsStack } from './aws-batch-stack.ts';
import { engineContract, type EngineHarness } from 'batch-pipeline/testing';
import { holdTo } from './hold-to.ts';

let stack: AwsStack;
let stores = 0;
/** Of the contract's pipeline, which is the same in all cases. */
let built: Promise<BuiltZip> | undefined;

beforeAll(async () => {
  stack = startAwsStack();
  stack.makeBucket('contract');
  await stack.makeQueue('contract');
}, 900_000);
afterAll(() => stack.stop());

async function openHarness(): Promise<EngineHarness> {
  const storeOptions = { s3: { endpoint: stack.s3Endpoint } };
  const store = await openStore(`s3://contract/${(stores += 1)}`, storeOptions);
  const folder = mkdtempSync(join(stack.folder, 'lab-'));
  const another = () =>
    withImage({
      queue: 'contract',
      storeUrl: store.url,
      endpoint: stack.endpoint,
      pollIntervalMs: 100,
    });
  const elsewhere = {
    bundle: async (code?: Uint8Array) => publishZip(store, await (built ??= buildBundle({ code }))),
  };
  const engine = another();
  return {
    ...{ engine, another, elsewhere, store, storeOptions, folder },
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

holdTo('the AWS Batch engine keeps the contract of an engine', engineContract(openHarness));
