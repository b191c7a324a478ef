import { mkdirSync, mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createSlurmEngine } from '../../src/engine/slurm/slurm-engine.ts';
import { openFolderStore } from '../../src/store/folder-store.ts';
import { type SlurmCluster, startSlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { engineContract } from 'batch-pipeline/testing';
import { holdTo } from './hold-to.ts';

const RUNNER = resolve(import.meta.dirname, '../../dist/runner.js');

let cluster: SlurmCluster;

beforeAll(async () => {
  cluster = await startSlurmCluster({ cpus: 17, memory: 16_000 });
}, 600_000);
afterAll(() => cluster.stop(), 60_000);

holdTo(
  'the Slurm engine keeps the contract of an engine',
  engineContract(async () => {
    const home = mkdtempSync(join(cluster.home, 'contract-'));
    const folder = join(home, 'shared');
    mkdirSync(folder);
    const another = () =>
      createSlurmEngine({
        runnerCommand: [process.execPath, RUNNER],
        logFolder: join(home, 'logs'),
        environment: cluster.environment,
        pollIntervalMs: 300,
      });
    const engine = another();
    return { engine, another, store: openFolderStore(join(home, 'store')), folder, close: () => engine.close() };
  }),
);
