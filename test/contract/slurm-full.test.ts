import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { openLab } from './slurm-harness.ts';

let cluster: SlurmCluster;

beforeAll(async () => {
  const settings = ['MaxJobCount=5', 'MinJobAge=2'];
  cluster = await startSlurmCluster({ cpus: 4, memory: 4000, settings });
}, 600_000);
afterAll(() => cluster.stop());

test('a controller at its limit of tasks is waited for', async () => {
  const lab = openLab(cluster);
  const a = await lab.engine.submit(lab.job('A', 3), []);
  const b = await lab.engine.submit(lab.job('B', 3), []);
  await lab.over(a, b);
  expect(lab.events('end')).toHaveLength(6);
});
