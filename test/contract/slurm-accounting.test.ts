import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { countCalls, openLab, until } from './slurm-harness.ts';

/** The controller forgets soon, and the accounting remembers. */
let cluster: SlurmCluster;

beforeAll(async () => {
  cluster = await startSlurmCluster({ accounting: true, cpus: 8, memory: 8000, settings: ['MinJobAge=2'] });
}, 600_000);
afterAll(() => cluster.stop());

async function forgotten(...jobIds: string[]): Promise<void> {
  await until(
    () => cluster.command('squeue', '--noheader', '--states=all', '--format=%F'),
    (text) => !text.split('\n').some((id) => jobIds.includes(id)),
  );
}

test('jobs that the controller has forgotten are found in the accounting, with at most two commands', async () => {
  const lab = openLab(cluster);
  const jobA = lab.job('A', 4, { 1: { exit: [17] }, 2: { exit: [75, 0] } }, { attempts: 2 });
  const a = await lab.engine.submit(jobA, []);
  const b = await lab.engine.submit(lab.job('B', 4), [{ jobId: a, type: 'N_TO_N' }]);
  const c = await lab.engine.submit(lab.job('C', 1), [{ jobId: b, type: 'ANY' }]);
  await lab.over(a, b, c);
  await forgotten(a, b, c);
  const counted = countCalls(cluster);
  const other = lab.another({ environment: { ...cluster.environment, PATH: counted.path } });
  const statuses = await other.poll([a, b, c]);
  expect(counted.calls()).toEqual(['squeue', 'sacct']);
  expect(statuses.map(({ state, counts }) => [state, counts.succeeded, counts.failed])).toEqual([
    ['failed', 3, 1],
    ['failed', 3, 1],
    ['succeeded', 1, 0],
  ]);
  expect(await other.verdicts(a, [0, 1, 2, 3])).toEqual([
    { index: 1, cause: 'tool', message: 'Slurm: FAILED 17:0', exitCode: 17 },
  ]);
  expect(await other.verdicts(b, [1])).toEqual([]);
  expect([...(await other.find([jobA.name, 'nobody']))]).toEqual([[jobA.name, a]]);
  // A job that is known to be over is not asked for again.
  const before = counted.calls().length;
  await other.poll([a, b, c]);
  expect(counted.calls()).toHaveLength(before);
});

test('a forgotten job that succeeded is not waited for, one that failed is refused as a dependency', async () => {
  const lab = openLab(cluster);
  const good = await lab.engine.submit(lab.job('good', 2), []);
  const bad = await lab.engine.submit(lab.job('bad', 2, { 1: { exit: [1] } }), []);
  await lab.over(good, bad);
  await forgotten(good, bad);
  const other = lab.another();
  const a = await other.submit(lab.job('A', 2), [{ jobId: good, type: 'N_TO_N' }]);
  const any = await other.submit(lab.job('any', 1), [{ jobId: bad, type: 'ANY' }]);
  await lab.over(a, any);
  expect(lab.events('end').filter((event) => /^(A|any)-/.test(event))).toEqual([
    'A-0-1.end',
    'A-1-1.end',
    'any-0-1.end',
  ]);
  for (const type of ['N_TO_N', 'SUCCESS'] as const) {
    await expect(other.submit(lab.job('B', 2), [{ jobId: bad, type }])).rejects.toMatchObject({
      code: 'slurm-parent-forgotten',
      where: 'step B',
    });
  }
});

test('tasks cancelled before they started are counted, and unavailable accounting blocks nothing', async () => {
  const lab = openLab(cluster);
  const a = await lab.engine.submit(lab.job('A', 1, { 0: { waitFor: 'never' } }), []);
  const b = await lab.engine.submit(lab.job('B', 5), [{ jobId: a, type: 'ANY' }]);
  await lab.engine.cancel([a, b], 'no longer needed');
  await forgotten(a, b);
  const [, status] = await lab.another().poll([a, b]);
  expect([status?.state, status?.counts.failed]).toEqual(['failed', 5]);
  expect((await lab.another().verdicts(b, [4])).map(({ cause }) => cause)).toEqual(['cancelled']);
  await cluster.command('sh', '-c', `kill "$(cat ${cluster.home}/pid/slurmdbd.pid)"`);
  const [lost] = await lab.another().poll([a]);
  expect(lost).toMatchObject({ state: 'unknown', reason: 'Slurm has forgotten this job' });
});
