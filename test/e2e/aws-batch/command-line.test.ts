import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { compareFolders, comparisonText } from '../../fixtures/compare-folders.ts';
import { type BatchLab, NEEDS, openBatchLab, states } from './batch-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack();
}, 900_000);
afterAll(() => stack.stop());
afterEach(() => stack.control('POST', 'settings', { slots: 8 }));

/** Calls until what is printed is good. */
async function until(call: () => Promise<string>, good: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await call();
    if (good(text)) return text;
    await sleep(200);
  }
}

/** Every job of the queue, by the AWS command line. */
function submissions(lab: BatchLab): { jobName: string; jobId: string }[] {
  const all = ['--filters', 'name=AFTER_CREATED_AT,values=0'];
  const answer = lab.aws('batch', 'list-jobs', '--job-queue', lab.bucket, ...all) as {
    jobSummaryList: { jobName: string; jobId: string }[];
  };
  return answer.jobSummaryList;
}

describe('batch-pipeline --engine aws-batch', () => {
  test('runs with the original’s command line, and gives the bytes of the local engine', async () => {
    const lab = await openBatchLab(stack);
    const wishes = { S1: 'one', S2: 'two', S3: 'three' };
    lab.samples(wishes);
    writeFileSync(join(lab.folder, 'sample_list.txt'), 'S1\nS2\nS3\n');
    const images = ['a', 'b', 'c', 'all'].map((step) => `--image=${step}=registry.test/needs:1`);
    const line = [`--queue=${lab.bucket}`, `--bucket-name=${lab.bucket}`, '--pipeline-name=first-test-pipeline'];
    const list = ['--sample-list-file=./sample_list.txt', `--inputs=s3://${lab.bucket}/in`];
    const ran = await lab.command('run', NEEDS, ...line, ...list, ...images);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('Run first-test-pipeline-1: 10 tasks in 4 jobs, 0 up to date.');
    expect(ran.stderr).toContain('Submitted 4 jobs; no local process has to keep running.');
    const store = ['--store', `s3://${lab.bucket}`];
    const watched = await lab.command('status', '--watch', ...store);
    expect(watched.code, watched.stderr).toBe(0);

    const steps = ['a', 'b', 'c', 'all'].flatMap((step) => ['--step', step]);
    expect((await lab.command('results', ...store, ...steps, '--to', 'batch')).code).toBe(0);
    const here = join(lab.folder, 'in');
    mkdirSync(here);
    for (const [sample, wish] of Object.entries(wishes)) writeFileSync(join(here, `${sample}.txt`), `${wish}\n`);
    const local = ['--store', 'local-store'];
    expect((await lab.command('run', NEEDS, '--samples', 'S1,S2,S3', '--inputs', here, ...local)).code).toBe(0);
    expect((await lab.command('results', ...local, ...steps, '--to', 'local')).code).toBe(0);
    const comparison = compareFolders(join(lab.folder, 'local'), join(lab.folder, 'batch'), /^$/);
    console.log(comparisonText('AWS Batch beside local', comparison));
    expect([comparison.different, comparison.alone, comparison.same.length]).toEqual([[], [], 10]);
  });

  test('what it submitted is read back with the AWS command line', async () => {
    const lab = await openBatchLab(stack);
    const flags = [...lab.run, ...lab.samples({ S1: 'one', S2: 'two' })];
    await stack.takeCalls();
    expect((await lab.command(...flags)).code).toBe(0);
    expect(await stack.takeCalls()).toMatchObject({ 'batch:SubmitJob': 4, 'batch:RegisterJobDefinition': 4 });
    const jobs = submissions(lab);
    const ids = jobs.map(({ jobId }) => jobId);
    const described = lab.aws('batch', 'describe-jobs', '--jobs', ...ids) as { jobs: Record<string, unknown>[] };
    const byStep = Object.fromEntries(
      described.jobs.map((job) => [String(job['jobName']).replace(/^.*-[0-9a-f]{8}-0-/, ''), job]),
    );
    expect(Object.keys(byStep).toSorted()).toEqual(['a-0-0', 'all', 'b-0-0', 'c-0-0']);
    expect(byStep['b-0-0']).toMatchObject({
      arrayProperties: { size: 2 },
      dependsOn: [{ jobId: byStep['a-0-0']?.['jobId'], type: 'N_TO_N' }],
      timeout: { attemptDurationSeconds: 420 },
      container: {
        image: `registry.test/${lab.bucket}:1`,
        command: ['runner.mjs'],
        resourceRequirements: expect.arrayContaining([
          { type: 'VCPU', value: '1' },
          { type: 'MEMORY', value: '100' },
        ]),
      },
    });
    expect(byStep['all']?.['dependsOn']).toEqual([{ jobId: byStep['c-0-0']?.['jobId'] }]);
    const definitions = lab.aws('batch', 'describe-job-definitions', '--status', 'ACTIVE') as {
      jobDefinitions: { jobDefinitionName: string; revision: number }[];
    };
    const ours = definitions.jobDefinitions.filter(({ jobDefinitionName }) =>
      jobDefinitionName.startsWith('batch-pipeline-'),
    );
    expect(ours.map(({ revision }) => revision)).toEqual(ours.map(() => 1));
    const objects = lab.aws('s3api', 'list-objects-v2', '--bucket', lab.bucket, '--prefix', 'store/v1/bundles/') as {
      Contents: { Key: string; Size: number }[];
    };
    // The pipeline's code, and it with the runner.
    expect(objects.Contents).toHaveLength(2);

    expect((await lab.command('status', '--watch', '--store', lab.store)).code).toBe(0);
    const sheet = lab.samples({ S3: 'three', S4: 'four' });
    await stack.takeCalls();
    expect((await lab.command(...lab.run, ...sheet)).code).toBe(0);
    const calls = await stack.takeCalls();
    // Another run of the same steps registers nothing and uploads no bundle.
    expect([calls['batch:SubmitJob'], calls['batch:RegisterJobDefinition']]).toEqual([4, undefined]);
    expect((await lab.command('status', '--watch', '--store', lab.store)).code).toBe(0);
  });

  test('a failed sample affects no other; the gather comes later; memory is raised for the sample that ran out of it', async () => {
    const lab = await openBatchLab(stack);
    const wishes = lab.samples({ good: 'fine', bad: 'fail', big: 'memory 300' });
    const ran = await lab.command(...lab.run, ...wishes, '--set', 'b.memory=250MB', '--watch');
    expect(ran.code, ran.stderr).toBe(1);
    expect(states(await lab.command('status', '--json', '--store', lab.store))).toEqual({
      run: 'over',
      good: 'succeeded succeeded succeeded',
      bad: 'tool upstream-failed upstream-failed',
      big: 'succeeded out-of-memory upstream-failed',
      cohort: 'succeeded',
    });
    await stack.takeCalls();
    const retried = await lab.command('retry', '--watch', '--store', lab.store);
    expect(retried.code, retried.stderr).toBe(1);
    expect(states(await lab.command('status', '--json', '--store', lab.store))).toEqual({
      run: 'over',
      good: 'succeeded succeeded succeeded',
      bad: 'tool upstream-failed upstream-failed',
      big: 'succeeded succeeded succeeded',
      cohort: 'succeeded',
    });
    expect((await lab.command('results', '--store', lab.store, '--step', 'all', '--to', 'out')).code).toBe(0);
    expect(readFileSync(join(lab.folder, 'out/cohort/all/list.txt'), 'utf8')).toBe('good ok\nbad tool\nbig ok\n');
  });

  test('with a conductor it gathers after a failure without any further command', async () => {
    const lab = await openBatchLab(stack);
    const ran = await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'fail', S3: 'three' }), '--conductor');
    expect(ran.code, ran.stderr).toBe(0);
    const open = async () => JSON.stringify(await stack.control('GET', 'state'));
    await until(open, (state) => state.includes('"open":0'));
    const names = submissions(lab).map(({ jobName }) => jobName.replace(/^.*-[0-9a-f]{8}-/, ''));
    expect(names.toSorted()).toEqual(['0-a-0-0', '0-all', '0-all-late', '0-b-0-0', '0-c-0-0', '0-conductor']);
    await stack.takeCalls();
    expect(states(await lab.command('status', '--json', '--store', lab.store))).toEqual({
      run: 'over',
      S1: 'succeeded succeeded succeeded',
      S2: 'tool upstream-failed upstream-failed',
      S3: 'succeeded succeeded succeeded',
      cohort: 'succeeded',
    });
    // All of it was on record before.
    expect(await stack.takeCalls()).toEqual({});
  });

  test('the same command again continues with the running jobs, and submits nothing twice', async () => {
    const lab = await openBatchLab(stack);
    await stack.control('POST', 'settings', { slots: 0 });
    const flags = [...lab.run, ...lab.samples({ S1: 'one', S2: 'two' })];
    expect((await lab.command(...flags)).code).toBe(0);
    const again = await lab.command(...flags);
    expect(again.stderr).toContain('Run needs-1 is already working on this.');
    expect(again.code).toBe(0);
    const more = await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'two', S5: 'five' }));
    expect([more.code, more.stderr]).toEqual([
      4,
      expect.stringContaining('Run needs-1 is already working on 6 of these 10'),
    ]);
    expect(submissions(lab)).toHaveLength(4);
    await stack.control('POST', 'settings', { slots: 8 });
    expect((await lab.command(...flags, '--watch')).code).toBe(0);
    expect(submissions(lab)).toHaveLength(4);
    expect((await lab.command(...flags)).stderr).toContain('Everything is up to date');
  });

  test('cancel is one call for each job, and nothing runs afterwards', async () => {
    const lab = await openBatchLab(stack);
    await stack.control('POST', 'settings', { slots: 1 });
    expect((await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'two' }))).code).toBe(0);
    await stack.takeCalls();
    const cancelled = await lab.command('cancel', '--store', lab.store);
    await stack.control('POST', 'settings', { slots: 8 });
    expect([cancelled.code, cancelled.stderr]).toEqual([0, expect.stringContaining('Run needs-1 is cancelled.')]);
    expect((await stack.takeCalls())['batch:TerminateJob']).toBe(4);
    expect(await stack.control('GET', 'state')).toMatchObject({ open: 0, running: 0 });
    expect((await lab.command('cancel', '--store', lab.store)).stderr).toContain('Run needs-1 is not running.');
    const again = await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'two' }), '--watch');
    expect(again.code, again.stderr).toBe(0);
  });

  test('everything works from the store when Batch has forgotten the jobs', async () => {
    const lab = await openBatchLab(stack);
    expect((await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'fail' }), '--watch')).code).toBe(1);
    await stack.control('POST', 'wipe', {});
    const store = ['--store', lab.store];
    expect(states(await lab.command('status', '--json', ...store))).toMatchObject({
      S1: 'succeeded succeeded succeeded',
      S2: 'tool upstream-failed upstream-failed',
      cohort: 'succeeded',
    });
    expect((await lab.command('logs', 'S2', ...store)).stdout).toContain('S2 was told to fail');
    expect((await lab.command('results', ...store, '--to', 'out')).code).toBe(0);
    const retried = await lab.command('retry', '--watch', ...store);
    expect([retried.code, retried.stderr]).toEqual([1, expect.stringContaining('retrying')]);
  });

  test('logs shows what a task prints while it runs', async () => {
    const lab = await openBatchLab(stack);
    const go = join(lab.folder, 'go');
    const sheet = lab.samples({ S1: `hello from Batch\n${go}`, S2: `and bye\n${go}` });
    const flags = ['--engine', 'aws-batch', '--queue', lab.bucket, '--store', lab.store];
    const talk = ['run', join(import.meta.dirname, 'talk.ts'), '--image', 'talk=registry.test/talk:1'];
    expect((await lab.command(...talk, ...flags, ...sheet)).code).toBe(0);
    const logs = async () => (await lab.command('logs', 'S1', '--store', lab.store)).stdout;
    expect(await until(logs, (text) => text !== '')).toContain('hello from Batch');
    writeFileSync(go, '');
    const watched = await lab.command('status', '--watch', '--store', lab.store);
    expect(watched.code, watched.stdout).toBe(0);
    expect(await logs()).toContain('hello from Batch');
  });
});

describe('before money is spent,', () => {
  const NO_IMAGE = `123456789012.dkr.ecr.us-east-1.amazonaws.com/nothing@sha256:${'0'.repeat(64)}`;
  test.for<[string, (run: readonly string[]) => string[], RegExp]>([
    ['a queue that is not there', (run) => [...run, '--queue', 'nowhere'], /There is no job queue "nowhere"/],
    [
      'a step that no instance can hold',
      (run) => [...run, '--set', 'b.memory=1900GB'],
      /Step b asks for 1 vCPU and 1945600 MB/,
    ],
    ['a step with more vCPU than the queue has', (run) => [...run, '--set', 'a.cpus=300'], /Step a asks for 300 vCPU/],
    ['a log group that is not there', (run) => [...run, '--log-group', '/nowhere'], /There is no log group \/nowhere/],
    [
      'an image that is not in ECR',
      (run) => run.map((word) => (word.startsWith('a=') ? `a=${NO_IMAGE}` : word)),
      /ECR has no image/,
    ],
    ['inputs on this machine', (run) => [...run, '--inputs', '.'], /cannot reach .*\/S1\.txt/],
    ['a store on this machine', (run) => [...run, '--store', 'here'], /cannot reach .*here/],
  ])('%s is reported, and nothing is submitted', async ([, change, message]) => {
    const lab = await openBatchLab(stack);
    const sheet = lab.samples({ S1: 'one', S2: 'two' });
    for (const sample of ['S1', 'S2']) writeFileSync(join(lab.folder, `${sample}.txt`), 'one\n');
    const ran = await lab.command(...change([...lab.run, ...sheet]));
    expect([ran.code, ran.stderr]).toEqual([3, expect.stringMatching(message)]);
    expect(submissions(lab)).toEqual([]);
  });
});
