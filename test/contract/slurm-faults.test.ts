import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { countCalls, openLab, until } from './slurm-harness.ts';

let cluster: SlurmCluster;

beforeAll(async () => {
  cluster = await startSlurmCluster({ nodes: 2, cpus: 4, memory: 4000 });
}, 600_000);
afterAll(() => cluster.stop());

describe('a controller that is frozen', () => {
  test('while it accepts a job: sbatch gives up, and there is still exactly one job', async () => {
    const lab = openLab(cluster);
    const counted = countCalls(cluster);
    const engine = lab.another({ environment: { ...cluster.environment, PATH: counted.path } });
    await engine.limits();
    const job = lab.job('A', 2);
    process.kill(cluster.controllerPid(), 'SIGSTOP');
    const submitting = engine.submit(job, []);
    await until(counted.calls, (calls) => calls.includes('squeue'));
    process.kill(cluster.controllerPid(), 'SIGCONT');
    const jobId = await submitting;
    await lab.over(jobId);
    const names = await cluster.command('squeue', '--noheader', '--states=all', `--name=${job.name}`, '--format=%A %t');
    expect(names.trim().split('\n')).toHaveLength(2);
    expect(lab.events('start')).toEqual(['A-0-1.start', 'A-1-1.start']);
    expect(counted.calls().filter((program) => program === 'sbatch')).toEqual(['sbatch']);
  });

  test('for longer than the engine waits: that is reported, and nothing counts as ended', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 1), []);
    process.kill(cluster.controllerPid(), 'SIGSTOP');
    try {
      const hasty = lab.another({ patienceMs: 100 });
      await expect(hasty.poll([a])).rejects.toMatchObject({ code: 'slurm-away', exitCode: 3 });
      await expect(hasty.submit(lab.job('B', 1), [])).rejects.toMatchObject({ code: 'slurm-away', exitCode: 3 });
      expect(await hasty.check([])).toMatchObject([{ level: 'error', subject: 'Slurm' }]);
    } finally {
      process.kill(cluster.controllerPid(), 'SIGCONT');
    }
    expect((await lab.over(a))[0]?.state).toBe('succeeded');
  });
});

describe('a controller that is restarted', () => {
  test('while tasks run: polls wait for it, and every task runs once', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 3, { 0: { waitFor: 'go' } }), []);
    const b = await lab.engine.submit(lab.job('B', 3), [{ jobId: a, type: 'N_TO_N' }]);
    await until(
      () => lab.happened('A-0-1.start'),
      (started) => started,
    );
    await cluster.stopController();
    const polling = lab.engine.poll([a, b]);
    await cluster.startController();
    expect((await polling).map(({ jobId }) => jobId)).toEqual([a, b]);
    lab.release('go');
    const statuses = await lab.over(a, b);
    expect(statuses.map(({ state, counts }) => [state, counts.succeeded])).toEqual([
      ['succeeded', 3],
      ['succeeded', 3],
    ]);
    expect(lab.events('start')).toHaveLength(6);
  });

  test('close ends the wait for it', async () => {
    const lab = openLab(cluster);
    await cluster.stopController();
    const polling = lab.engine.poll(['1']);
    await lab.engine.close();
    await expect(polling).rejects.toThrow(/abort/i);
    await cluster.startController();
  });
});

describe('a lost node', () => {
  /** Waits until a task runs, and takes its node away; the node comes back by itself as soon as it is asked. */
  async function loseNode(jobId: string): Promise<void> {
    const node = await until(
      () => cluster.command('squeue', '--noheader', '--states=running', `--jobs=${jobId}`, '--format=%N'),
      (name) => name !== '',
    );
    await cluster.command('scontrol', 'update', `nodename=${node.trim()}`, 'state=down', 'reason=test');
  }

  test('has its task run on another node, and the chain continues', async () => {
    const lab = openLab(cluster);
    const plan = { 0: { waitFor: 'go' } };
    const a = await lab.engine.submit(lab.job('A', 2, plan, { attempts: 2 }), []);
    const b = await lab.engine.submit(lab.job('B', 2), [{ jobId: a, type: 'N_TO_N' }]);
    await until(
      () => lab.engine.poll([b]),
      ([status]) => status?.counts.succeeded === 1,
    );
    await loseNode(a);
    lab.release('go');
    await lab.over(a, b);
    expect(lab.events('start')).toEqual(['A-0-1.start', 'A-0-2.start', 'A-1-1.start', 'B-0-1.start', 'B-1-1.start']);
  });

  test('is the cause if no attempt is left', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 1, { 0: { waitFor: 'never' } }), []);
    await loseNode(a);
    await lab.over(a);
    expect(await lab.engine.verdicts(a, [0])).toEqual([
      { index: 0, cause: 'lost', message: 'Slurm: NODE_FAIL', attempts: 1 },
    ]);
  });

  test('repeatedly is the cause, too, once all attempts are used', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 1, { 0: { waitFor: 'never' } }, { attempts: 2 }), []);
    for (const attempt of [1, 2]) {
      await until(
        () => lab.happened(`A-0-${attempt}.start`),
        (started) => started,
      );
      await loseNode(a);
    }
    await lab.over(a);
    expect(lab.events('start')).toEqual(['A-0-1.start', 'A-0-2.start']);
    expect(await lab.engine.verdicts(a, [0])).toEqual([
      { index: 0, cause: 'lost', message: 'Slurm: FAILED 75:0, no attempt is left', exitCode: 75, attempts: 3 },
    ]);
  });
});

describe('a log folder', () => {
  test('on a full disk: the task does not start, and that is reported', async () => {
    const lab = openLab(cluster);
    const logs = join(lab.folder, 'logs');
    // Room for the folder itself and one file.
    await cluster.command('mount', '-t', 'tmpfs', '-o', 'nr_inodes=2', 'tmpfs', logs);
    try {
      const a = await lab.engine.submit(lab.job('A', 2, { '*': { print: 'hello' } }), []);
      const [status] = await lab.over(a);
      expect([status?.counts.succeeded, status?.counts.failed]).toEqual([1, 1]);
      expect(await lab.engine.verdicts(a, [0, 1])).toMatchObject([{ cause: 'start' }]);
    } finally {
      await cluster.command('umount', logs);
    }
  });
});
