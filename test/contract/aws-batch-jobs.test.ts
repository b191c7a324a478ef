import { setTimeout as sleep } from 'node:timers/promises';
import { CreateLogGroupCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { UpdateComputeEnvironmentCommand, BatchClient } from '@aws-sdk/client-batch';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AwsBatchOptions } from '../../src/engine/aws-batch/options.ts';
import type { Engine, JobStatus } from '../../src/engine/engine.ts';
import { openJobsLab } from './aws-batch-jobs.ts';
import { type AwsStack, roleArn, startAwsStack } from './aws-batch-stack.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual', timeScale: 1 });
}, 900_000);
afterAll(() => stack.stop());
afterEach(async () => {
  await stack.control('DELETE', 'outcomes');
  await stack.control('POST', 'wipe', {});
  await stack.control('POST', 'settings', { scaleUpSeconds: 0, scaleUpReason: '' });
});

async function pollUntil(engine: Engine, jobId: string, good: (status: JobStatus) => boolean): Promise<JobStatus> {
  for (;;) {
    const [status] = await engine.poll([jobId]);
    if (status && good(status)) return status;
    await sleep(50);
  }
}
/** Of a queue as the lab makes it. */
const QUEUE_VCPUS = 256;
const isOver = ({ state }: JobStatus) => state === 'succeeded' || state === 'failed';

describe('tasks that cannot start', () => {
  test('are reported, with a remedy, once they have waited for long', async () => {
    const lab = await openJobsLab(stack, { stuckAfterMs: 200 });
    const large = { resources: { cpus: 1, memoryMiB: 900_000, scratchMiB: 1, timeLimitSeconds: 60 } };
    const array = await lab.engine.submit(lab.job('array', { size: 3, ...large }), []);
    const status = await pollUntil(lab.engine, array, ({ stuck }) => stuck !== undefined);
    expect(status).toEqual({
      jobId: array,
      state: 'runnable',
      counts: { pending: 0, runnable: 3, starting: 0, running: 0, succeeded: 0, failed: 0 },
      stuck:
        'Nothing starts: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue. Allow larger instance types, or give the step less: --set STEP.memory=… or STEP.cpus=…',
    });
  });

  test('are reported at the first poll of a later process', async () => {
    const lab = await openJobsLab(stack);
    const large = { resources: { cpus: 1, memoryMiB: 900_000, scratchMiB: 1, timeLimitSeconds: 60 } };
    const job = await lab.engine.submit(lab.job('a', large), []);
    await pollUntil(lab.engine, job, ({ state }) => state === 'runnable');
    expect((await lab.another({ stuckAfterMs: 60_000 }).poll([job]))[0]?.stuck).toBeUndefined();
    const look = lab.another({ stuckAfterMs: 1 });
    expect((await pollUntil(look, job, () => true)).stuck).toContain('MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT');
  });

  test('are not reported while instances start, although Batch uses the same words', async () => {
    const lab = await openJobsLab(stack, { stuckAfterMs: 60_000 });
    const scaleUpReason = 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - for now';
    await stack.control('POST', 'settings', { scaleUpSeconds: 1, scaleUpReason });
    const job = await lab.engine.submit(lab.job('a'), []);
    const seen: JobStatus[] = [];
    await pollUntil(lab.engine, job, (status) => seen.push(status) > 0 && status.state === 'running');
    expect(seen.map(({ state }) => state)).toContain('runnable');
    expect(seen.filter(({ stuck }) => stuck !== undefined)).toEqual([]);
  });

  test('are reported if their environment is disabled meanwhile', async () => {
    const lab = await openJobsLab(stack, { stuckAfterMs: 200 });
    const batch = new BatchClient({ endpoint: stack.endpoint });
    await batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: lab.queue, state: 'DISABLED' }));
    const job = await lab.engine.submit(lab.job('a'), []);
    const { stuck } = await pollUntil(lab.engine, job, (status) => status.stuck !== undefined);
    expect(stuck).toBe(
      `Nothing starts: no compute environment of queue ${lab.queue} can be used: ${lab.queue} is disabled.`,
    );
    await batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: lab.queue, state: 'ENABLED' }));
    expect((await pollUntil(lab.engine, job, ({ state }) => state === 'running')).stuck).toBeUndefined();
  });
});

describe('tasks that end without a record', () => {
  test('on a reclaimed instance are attempted again, and have the cause once no attempt is left', async () => {
    const lab = await openJobsLab(stack);
    const job = await lab.engine.submit(lab.job('a', { size: 2, attempts: 2 }), []);
    for (let tries = 1; tries <= 2; tries += 1) {
      await pollUntil(lab.engine, job, ({ counts }) => counts.running === 2);
      await stack.control('POST', 'reclaim', { jobs: [`${job}:1`] });
      await pollUntil(lab.engine, job, ({ counts }) => counts.running === (tries === 1 ? 2 : 1));
    }
    await stack.control('POST', 'finish', { jobs: [`${job}:0`] });
    await pollUntil(lab.engine, job, isOver);
    expect(await lab.engine.verdicts(job, [0, 1])).toEqual([
      {
        index: 1,
        cause: 'spot',
        message: expect.stringMatching(/^AWS Batch: Host EC2 \(instance i-\w+\) terminated\.$/),
        attempts: 2,
      },
    ]);
  });

  test('have the distinct causes that Batch and ECS report', async () => {
    const lab = await openJobsLab(stack);
    const ends = [
      { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      { statusReason: 'Task failed to start', reason: 'CannotPullContainerError: manifest unknown' },
      { exitCode: 1 },
      { exitCode: 75 },
    ];
    for (const [index, end] of ends.entries()) await stack.control('POST', 'outcomes', { index, ...end });
    const job = await lab.engine.submit(lab.job('a', { size: 4, attempts: 2 }), []);
    const next = await lab.engine.submit(lab.job('b', { size: 4 }), [{ jobId: job, type: 'N_TO_N' }]);
    await pollUntil(lab.engine, next, isOver);
    const verdicts = await lab.engine.verdicts(job, [0, 1, 2, 3]);
    expect(verdicts.map(({ cause, attempts }) => [cause, attempts])).toEqual([
      ['out-of-memory', 1],
      ['start', 2],
      ['tool', 1],
      ['lost', 2],
    ]);
    // Those that waited for them have none of their own.
    expect(await lab.engine.verdicts(next, [0, 1, 2, 3])).toEqual([]);
  });

  test('only those of thousands that failed by themselves are described', async () => {
    await stack.control('POST', 'settings', { fake: 'instant' });
    const lab = await openJobsLab(stack);
    await stack.control('POST', 'outcomes', { jobName: '*-a', index: 7, exitCode: 1 });
    const a = await lab.engine.submit(lab.job('a', { size: 1500 }), []);
    const b = await lab.engine.submit(lab.job('b', { size: 1500 }), [{ jobId: a, type: 'SUCCESS' }]);
    await pollUntil(lab.engine, b, isOver);
    await stack.takeCalls();
    const all = Array.from({ length: 1500 }, (_, i) => i);
    expect(await lab.engine.verdicts(b, all)).toEqual([]);
    // Two pages of children, and no child described.
    expect(await stack.takeCalls()).toEqual({ 'batch:DescribeJobs': 1, 'batch:ListJobs': 2 });
    await stack.control('POST', 'settings', { fake: 'manual' });
  });

  test('only those of thousands of cancelled tasks that had started have a verdict', async () => {
    const lab = await openJobsLab(stack);
    const a = await lab.engine.submit(lab.job('a', { size: 1500 }), []);
    await pollUntil(lab.engine, a, ({ counts }) => counts.running === QUEUE_VCPUS);
    await lab.engine.cancel([a], 'The test wants it');
    await stack.takeCalls();
    const verdicts = await lab.engine.verdicts(
      a,
      Array.from({ length: 1500 }, (_, i) => i),
    );
    expect(verdicts.map(({ index, cause }) => [index, cause])).toEqual(
      Array.from({ length: QUEUE_VCPUS }, (_, index) => [index, 'cancelled']),
    );
    // The parent, two pages of children, and 256 of these by the hundred.
    expect(await stack.takeCalls()).toEqual({ 'batch:DescribeJobs': 4, 'batch:ListJobs': 2 });
  });
});

test('a job definition is registered once per content, regardless of the caller', async () => {
  const lab = await openJobsLab(stack);
  await stack.takeCalls();
  for (const engine of [lab.engine, lab.another(), lab.another()]) {
    await engine.submit(lab.job('a', { name: `${lab.queue}-1` }), []);
    await engine.submit(lab.job('a', { name: `${lab.queue}-2`, attempts: 3, environment: { OTHER: 'run' } }), []);
  }
  expect((await stack.takeCalls())['batch:RegisterJobDefinition']).toBe(1);
  await lab.another({ jobRoleArn: 'arn:aws:iam::123456789012:role/other' }).submit(lab.job('a'), []);
  expect((await stack.takeCalls())['batch:RegisterJobDefinition']).toBe(1);
});

test('polling costs one call per hundred jobs, and none for finished jobs', async () => {
  const lab = await openJobsLab(stack);
  const jobs = Array.from({ length: 3 }, (_, i) => lab.job('a', { name: `${lab.queue}-${i}`, size: 10_000 }));
  const ids: string[] = [];
  for (const job of jobs) ids.push(await lab.engine.submit(job, []));
  await stack.takeCalls();
  await lab.engine.poll(ids);
  await lab.engine.poll(ids);
  expect(await stack.takeCalls()).toEqual({ 'batch:DescribeJobs': 2 });
  await lab.engine.cancel(ids, 'The test is over');
  await stack.takeCalls();
  expect((await lab.engine.poll(ids)).map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
  expect(await stack.takeCalls()).toEqual({});
});

describe('a check before money is spent', () => {
  const NEEDS = [
    {
      step: 'picard',
      resources: { cpus: 2, memoryMiB: 7000, scratchMiB: 1, timeLimitSeconds: 60 },
      image: 'registry.test/picard',
    },
  ];

  async function findings(options: Partial<AwsBatchOptions>): Promise<string[]> {
    const lab = await openJobsLab(stack, options);
    const found = await lab.engine.check(NEEDS);
    return found.map(({ level, subject, message }) => `${level} ${subject}: ${message}`.replaceAll(lab.queue, 'QUEUE'));
  }

  test('finds everything in order', async () => {
    const jobRoleArn = await roleArn(stack.endpoint, 'jobs');
    await allow('jobs', ['s3:*'], ['arn:aws:s3:::lab/store/*']);
    await allow('jobs', ['s3:ListBucket'], ['arn:aws:s3:::lab'], { StringLike: { 's3:prefix': 'store/*' } });
    const logs = new CloudWatchLogsClient({ endpoint: stack.endpoint });
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/lab' }));
    expect(await findings({ jobRoleArn, logGroup: '/lab' })).toEqual([
      expect.stringMatching(/^ok AWS account: 123456789012, as arn:aws:/),
      'ok queue QUEUE: QUEUE (EC2, up to 256 vCPU)',
      'ok step picard: asks for 2 vCPU and 7000 MB',
      'ok image registry.test/picard: not in ECR: taken as it is',
      `ok job role: ${jobRoleArn} may read and write the store`,
      'ok log group /lab: is there',
    ]);
  });

  test('names the permissions that the job role lacks', async () => {
    const jobRoleArn = await roleArn(stack.endpoint, 'reader');
    await allow('reader', ['s3:GetObject', 's3:ListBucket'], ['arn:aws:s3:::lab', 'arn:aws:s3:::lab/*']);
    expect((await findings({ jobRoleArn })).filter((text) => !text.startsWith('ok'))).toEqual([
      `error job role: ${jobRoleArn} may not s3:PutObject, s3:AbortMultipartUpload, s3:DeleteObject on s3://lab/store`,
    ]);
  });

  test('reports whether a conductor’s role may submit', async () => {
    const jobRoleArn = await roleArn(stack.endpoint, 'jobs-alone');
    const conductorRoleArn = await roleArn(stack.endpoint, 'conductors');
    await allow('conductors', ['batch:SubmitJob'], ['arn:aws:batch:us-east-1:123456789012:job-queue/*']);
    await allow('conductors', ['batch:DescribeJobs', 'batch:ListJobs'], ['*']);
    const about = async (options: Partial<AwsBatchOptions>) =>
      (await findings(options)).filter((text) => text.includes('conductor'));
    expect(await about({ jobRoleArn })).toEqual([]);
    expect(await about({ jobRoleArn, conducts: true })).toEqual([
      `warning conductor role: ${jobRoleArn} may not batch:SubmitJob, batch:DescribeJobs, batch:ListJobs: after a failure the conductor cannot gather`,
    ]);
    expect(await about({ jobRoleArn, conductorRoleArn, conducts: true })).toEqual([
      `ok conductor role: ${conductorRoleArn} may submit to arn:aws:batch:us-east-1:123456789012:job-queue/QUEUE`,
    ]);
  });

  test('names an invalid environment and the reason', async () => {
    const lab = await openJobsLab(stack);
    await stack.control('POST', 'compute-environments', {
      ...{ name: lab.queue, status: 'INVALID', statusReason: 'CLIENT_ERROR - the role is gone' },
    });
    const found = await lab.engine.check(NEEDS);
    expect(found.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      `No compute environment of queue ${lab.queue} can be used: ${lab.queue} is invalid (CLIENT_ERROR - the role is gone)`,
    ]);
  });

  async function allow(role: string, Action: string[], Resource: string[], Condition?: object): Promise<void> {
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource, Condition }],
    });
    const iam = new IAMClient({ endpoint: stack.endpoint });
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: role,
        PolicyName: `allow-${Action.length}-${Condition ? 'if' : 'all'}`,
        PolicyDocument,
      }),
    );
    iam.destroy();
  }
});
