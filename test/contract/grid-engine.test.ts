import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { engineContract, openEngineFile } from 'batch-pipeline/testing';
import { type GridEngineCluster, startGridEngine } from '../stack/gridengine/grid-engine-cluster.ts';

const ENGINE = join(import.meta.dirname, '../../examples/grid-engine/engine.ts');

let cluster: GridEngineCluster;
beforeAll(async () => {
  cluster = await startGridEngine();
}, 600_000);
afterAll(() => cluster.stop());

const open = () => openEngineFile(ENGINE, { home: cluster.home, environment: cluster.environment });

// Mostly the scheduler is waited for: several at a time.
describe.concurrent('the Grid Engine of examples/ keeps the contract of an engine', { timeout: 600_000 }, () => {
  for (const { name, run } of engineContract(open))
    test(`${name}`, ({ expect }) => expect(run()).resolves.toBeUndefined());
});
