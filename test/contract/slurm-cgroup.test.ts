import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { openLab } from './slurm-harness.ts';

let cluster: SlurmCluster;

beforeAll(async () => {
  cluster = await startSlurmCluster({ cgroup: true, cpus: 8, memory: 8000 });
}, 600_000);
afterAll(() => cluster.stop());

test('running out of memory is the cause, even if the script reports success', async () => {
  // As a tool does whose child is killed and which does not mind.
  const careless = ['/bin/sh', '-c', '"$0" "$@" || true', process.execPath];
  const lab = openLab(cluster);
  const runner = `${import.meta.dirname}/../fixtures/slurm-runner.ts`;
  const other = lab.another({ runnerCommand: [...careless, runner] });
  const plan = { 1: { memoryMiB: 600 } };
  const strict = await lab.engine.submit(lab.job('A', 2, plan), []);
  const a = await other.submit(lab.job('B', 2, plan), []);
  const b = await other.submit(lab.job('C', 2), [{ jobId: a, type: 'N_TO_N' }]);
  const statuses = await lab.over(strict, a, b);
  expect(statuses.map(({ state, counts }) => [state, counts.succeeded, counts.failed])).toEqual([
    ['failed', 1, 1],
    ['failed', 1, 1],
    ['failed', 1, 1],
  ]);
  const outOfMemory = [{ index: 1, cause: 'out-of-memory', message: 'Slurm: OUT_OF_MEMORY', attempts: 1 }];
  expect(await lab.engine.verdicts(strict, [0, 1])).toEqual(outOfMemory);
  expect(await lab.engine.verdicts(a, [0, 1])).toEqual(outOfMemory);
  expect(lab.events('start').filter((event) => event.startsWith('C'))).toEqual(['C-0-1.start']);
});
