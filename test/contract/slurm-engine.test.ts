import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSlurmCluster, type SlurmCluster } from '../stack/slurm/slurm-cluster.ts';
import { countCalls, type Lab, openLab, until } from './slurm-harness.ts';

let cluster: SlurmCluster;

/** Slurm counts time in minutes, so the task that runs out of it starts first and is looked at last. */
let endless: { lab: Lab; jobId: string };

beforeAll(async () => {
  cluster = await startSlurmCluster({ cpus: 17, memory: 16_000 });
  const lab = openLab(cluster);
  const short = { resources: { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 10 } };
  endless = { lab, jobId: await lab.engine.submit(lab.job('A', 1, { 0: { waitFor: 'never' } }, short), []) };
}, 600_000);
afterAll(() => cluster.stop());

describe('a chain of arrays', () => {
  test('element i starts when element i before it succeeded, whatever the others do', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 3, { 0: { waitFor: 'go' }, 2: { exit: [17] } }), []);
    const b = await lab.engine.submit(lab.job('B', 3), [{ jobId: a, type: 'N_TO_N' }]);
    const c = await lab.engine.submit(lab.job('C', 3), [{ jobId: b, type: 'N_TO_N' }]);
    await until(
      () => lab.happened('C-1-1.end'),
      (done) => done,
    );
    expect(lab.happened('A-0-1.end')).toBe(false);
    lab.release('go');
    const statuses = await lab.over(a, b, c);
    expect(lab.events('end')).toEqual([
      ...['A-0-1.end', 'A-1-1.end', 'A-2-1.end', 'B-0-1.end', 'B-1-1.end', 'C-0-1.end', 'C-1-1.end'],
    ]);
    for (const i of [0, 1]) {
      expect(lab.time(`B-${i}-1.start`)).toBeGreaterThan(lab.time(`A-${i}-1.end`));
      expect(lab.time(`C-${i}-1.start`)).toBeGreaterThan(lab.time(`B-${i}-1.end`));
    }
    expect(statuses.map(({ state, counts }) => [state, counts.succeeded, counts.failed])).toEqual([
      ['failed', 2, 1],
      ['failed', 2, 1],
      ['failed', 2, 1],
    ]);
    expect(await lab.engine.verdicts(a, [0, 1, 2])).toEqual([
      { index: 2, cause: 'tool', message: 'Slurm: FAILED 17:0', exitCode: 17, attempts: 1 },
    ]);
    // A task that never ran because of another has no cause.
    expect(await lab.engine.verdicts(b, [0, 1, 2])).toEqual([]);
  });

  test('a gather starts once everything has ended, and a step after success only if all succeeded', async () => {
    const lab = openLab(cluster);
    const index = await lab.engine.submit(lab.job('index', 1), []);
    const a = await lab.engine.submit(lab.job('A', 3, { 1: { exit: [1] } }), [{ jobId: index, type: 'SUCCESS' }]);
    const all = await lab.engine.submit(lab.job('all', 1), [{ jobId: a, type: 'SUCCESS' }]);
    const any = await lab.engine.submit(lab.job('any', 1), [{ jobId: a, type: 'ANY' }]);
    await lab.over(index, a, all, any);
    expect(lab.events('end')).toEqual(['A-0-1.end', 'A-1-1.end', 'A-2-1.end', 'any-0-1.end', 'index-0-1.end']);
    expect(lab.time('A-0-1.start')).toBeGreaterThan(lab.time('index-0-1.end'));
    expect(lab.time('any-0-1.start')).toBeGreaterThan(lab.time('A-2-1.end'));
  });

  test('later steps go first, so that the first samples are finished early', async () => {
    const lab = openLab(cluster);
    // One slot: what starts next is what Slurm ranks first.
    const one = { resources: { cpus: 16, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 300 } };
    const a = await lab.engine.submit(lab.job('A', 3, {}, { ...one, rank: 1 }), []);
    const b = await lab.engine.submit(lab.job('B', 3, {}, { ...one, rank: 0 }), [{ jobId: a, type: 'N_TO_N' }]);
    await lab.over(a, b);
    expect(lab.time('B-0-1.start')).toBeLessThan(lab.time('A-2-1.start'));
  });

  test('no more tasks of a step run at a time than requested', async () => {
    const lab = openLab(cluster, { maxRunning: 2 });
    const a = await lab.engine.submit(lab.job('A', 5, { '*': { waitFor: 'go' } }), []);
    await until(
      () => lab.events('start'),
      (started) => started.length === 2,
    );
    const [status] = await lab.engine.poll([a]);
    expect(status).toEqual({
      jobId: a,
      state: 'running',
      counts: { pending: 0, runnable: 3, starting: 0, running: 2, succeeded: 0, failed: 0 },
      reason: 'JobArrayTaskLimit',
    });
    lab.release('go');
    await lab.over(a);
    const starts = lab.events('start').map((event) => lab.time(event));
    const ends = lab.events('end').map((event) => lab.time(event));
    const running = starts.map((at) => starts.filter((t) => t <= at).length - ends.filter((t) => t < at).length);
    expect(Math.max(...running)).toBe(2);
  });
});

describe('the job', () => {
  test('sees its variables unchanged, its index and attempt, and nothing of the submitter’s environment', async () => {
    const lab = openLab(cluster, { environment: { ...cluster.environment, SECRET: 'x', SBATCH_PARTITION: 'nowhere' } });
    const odd = { ODD: 'a,b=\'c\' "d" $HOME `id` \n%A \\ é', EMPTY: '' };
    const job = lab.job('A', 2);
    const a = await lab.engine.submit({ ...job, environment: { ...job.environment, ...odd } }, []);
    await lab.over(a);
    const seen = lab.environmentOf('A-1-1');
    expect(seen).toMatchObject({ ...odd, BATCH_PIPELINE_INDEX: '1', BATCH_PIPELINE_TRY: '1', HOME: cluster.home });
    expect(Object.keys(seen).filter((name) => /SECRET|^SBATCH_/.test(name))).toEqual([]);
  });

  test('runs its prologue, and its image through the runtime of the site', async () => {
    const lab = openLab(cluster, {
      prologue: [`apptainer() { echo "$*" >"$FIXTURE_FOLDER/called"; shift 4; "$@"; }`, 'export FROM_PROLOGUE=yes'],
      container: { runtime: 'apptainer', images: { 'lab/picard': '/images/picard 2.sif' }, binds: ['/data'] },
    });
    const a = await lab.engine.submit(lab.job('A', 1, {}, { image: 'lab/picard' }), []);
    await lab.over(a);
    expect(lab.environmentOf('A-0-1')).toMatchObject({ FROM_PROLOGUE: 'yes' });
    expect(readFileSync(join(lab.folder, 'called'), 'utf8')).toContain('exec --bind /data /images/picard 2.sif');
  });

  test('prints to a file that can be read while it runs', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 2, { 1: { print: 'hello', waitFor: 'go' } }), []);
    const plain = await lab.engine.submit(lab.job('B', 1, { 0: { print: 'plain' } }), []);
    expect(
      await until(
        () => lab.engine.log(a, 1),
        (log) => log !== undefined && log !== '',
      ),
    ).toBe('hello\n');
    expect(await lab.engine.log(a, 7)).toBeUndefined();
    lab.release('go');
    await lab.over(a, plain);
    expect(await lab.engine.log(plain, 0)).toBe('plain\n');
  });
});

describe('another attempt', () => {
  test('is made for exit 75 alone, by that element alone, and its successor waits for it', async () => {
    const lab = openLab(cluster);
    const plan = { 0: { exit: [75, 0] }, 1: { exit: [75] }, 2: { exit: [75, 3] } };
    const a = await lab.engine.submit(lab.job('A', 4, plan, { attempts: 2 }), []);
    const b = await lab.engine.submit(lab.job('B', 4), [{ jobId: a, type: 'N_TO_N' }]);
    await lab.over(a, b);
    expect(lab.events('start')).toEqual([
      ...['A-0-1.start', 'A-0-2.start', 'A-1-1.start', 'A-1-2.start', 'A-2-1.start', 'A-2-2.start', 'A-3-1.start'],
      ...['B-0-1.start', 'B-3-1.start'],
    ]);
    expect(lab.time('B-0-1.start')).toBeGreaterThan(lab.time('A-0-2.end'));
    expect(await lab.engine.verdicts(a, [0, 1, 2, 3])).toEqual([
      { index: 1, cause: 'lost', message: 'Slurm: FAILED 75:0, no attempt is left', exitCode: 75, attempts: 2 },
      { index: 2, cause: 'tool', message: 'Slurm: FAILED 3:0', exitCode: 3, attempts: 2 },
    ]);
  });

  test('of the last element does not start the whole array again', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 3, { 2: { exit: [75, 0] } }, { attempts: 3 }), []);
    await lab.over(a);
    expect(lab.events('start')).toEqual(['A-0-1.start', 'A-1-1.start', 'A-2-1.start', 'A-2-2.start']);
  });
});

describe('causes', () => {
  test('are distinguished', async () => {
    const lab = openLab(cluster);
    const nowhere = lab.another({ runnerCommand: ['/nowhere/node'] });
    const plan = { 0: { signal: 'SIGKILL' }, 1: { memoryMiB: 400 }, 2: { exit: [9] } } as const;
    const a = await lab.engine.submit(lab.job('A', 3, plan), []);
    const b = await nowhere.submit(lab.job('B', 1), []);
    await lab.over(a, b);
    const found = [...(await lab.engine.verdicts(a, [0, 1, 2])), ...(await lab.engine.verdicts(b, [0]))];
    expect(found).toEqual([
      // The script outlives its runner, and reports that as shells do: 128 + 9.
      {
        index: 0,
        cause: 'lost',
        message: 'Slurm: FAILED 137:0, the runner was killed by signal 9',
        exitCode: 137,
        attempts: 1,
      },
      { index: 1, cause: 'out-of-memory', message: 'Slurm: FAILED 0:9, over its memory limit', attempts: 1 },
      { index: 2, cause: 'tool', message: 'Slurm: FAILED 9:0', exitCode: 9, attempts: 1 },
      {
        index: 0,
        cause: 'start',
        message: 'Slurm: FAILED 127:0, the runner could not be started',
        exitCode: 127,
        attempts: 1,
      },
    ]);
  });

  test('name the output file that cannot be opened', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 1, { 0: { waitFor: 'go' } }), []);
    const b = await lab.engine.submit(lab.job('B', 2), [{ jobId: a, type: 'ANY' }]);
    // The folder goes away between submission and start.
    await cluster.command('rm', '-rf', join(lab.folder, 'logs'));
    lab.release('go');
    await lab.over(a, b);
    expect(await lab.engine.verdicts(b, [0])).toEqual([
      { index: 0, cause: 'start', message: 'Slurm: FAILED 0:53, the output file could not be opened', attempts: 1 },
    ]);
  });
});

describe('cancel', () => {
  test('ends running and waiting tasks with one command, and returns once they have ended', async () => {
    const lab = openLab(cluster);
    const a = await lab.engine.submit(lab.job('A', 4, { '*': { waitFor: 'never' } }), []);
    const b = await lab.engine.submit(lab.job('B', 4), [{ jobId: a, type: 'N_TO_N' }]);
    await until(
      () => lab.events('start'),
      (started) => started.length === 4,
    );
    const counted = countCalls(cluster);
    const other = lab.another({ environment: { ...cluster.environment, PATH: counted.path } });
    await other.cancel([a, b, '999999'], 'no longer needed');
    expect(counted.calls().filter((program) => program === 'scancel')).toEqual(['scancel']);
    expect(await cluster.command('squeue', '--noheader', `--jobs=${a},${b}`)).toBe('');
    expect(lab.events('term')).toHaveLength(4);
    expect((await lab.engine.poll([a, b])).map(({ state, counts }) => [state, counts.failed])).toEqual([
      ['failed', 4],
      ['failed', 4],
    ]);
    expect((await lab.engine.verdicts(a, [0, 3])).map(({ index, cause }) => [index, cause])).toEqual([
      [0, 'cancelled'],
      [3, 'cancelled'],
    ]);
    await other.cancel([a, b], 'once more');
  });
});

describe('a new process', () => {
  test('finds jobs by name and polls them with at most two commands', async () => {
    const lab = openLab(cluster);
    const jobs = [lab.job('A', 3), lab.job('B', 200), lab.job('C', 1)];
    const ids: string[] = [];
    for (const job of jobs) ids.push(await lab.engine.submit(job, []));
    const counted = countCalls(cluster);
    const other = lab.another({ environment: { ...cluster.environment, PATH: counted.path } });
    const found = await other.find([...jobs.map(({ name }) => name), 'never-submitted']);
    expect([...found]).toEqual(jobs.map(({ name }, i) => [name, ids[i]]));
    const before = counted.calls().length;
    const statuses = await other.poll([...ids, '999999']);
    expect(counted.calls().slice(before)).toEqual(['squeue', 'sacct']);
    expect(statuses.map(({ jobId, counts }) => [jobId, Object.values(counts).reduce((x, y) => x + y)])).toEqual([
      [ids[0], 3],
      [ids[1], 200],
      [ids[2], 1],
      ['999999', 0],
    ]);
    expect(statuses[3]?.state).toBe('unknown');
    await lab.engine.cancel(ids, 'the test is over');
  });
});

test('the time limit is a cause, and the runner is signalled in time to record it', async () => {
  const { lab, jobId } = endless;
  await lab.over(jobId);
  expect(await lab.engine.verdicts(jobId, [0])).toEqual([
    { index: 0, cause: 'timeout', message: 'Slurm: TIMEOUT', attempts: 1 },
  ]);
  expect(lab.events('term')).toEqual(['A-0-1.term']);
});
