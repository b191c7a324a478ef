import { execa } from 'execa';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const STACK = resolve(import.meta.dirname, '../stack/aws');
const MINUTES = 60_000;

let state: string;
let env: Record<string, string>;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'batch-stack-'));
  // As with a job role: the attempts have no keys, they ask for them.
  await execa(join(STACK, 'start.sh'), [state, 'batch', 's3'], { env: { BATCH_CREDENTIALS: 'endpoint' } });
  env = JSON.parse(readFileSync(join(state, 'env.json'), 'utf8')) as Record<string, string>;
  await makeQueue();
}, 10 * MINUTES);
afterAll(async () => {
  await execa(join(STACK, 'stop.sh'), [state]);
  rmSync(state, { recursive: true, force: true });
}, MINUTES);

/** awscli as a client that knows nothing of us. */
async function aws(service: string, action: string, input: object): Promise<Record<string, never>> {
  const { stdout } = await execa(
    env['AWS_CLI'] ?? 'aws',
    [service, action, '--cli-input-json', JSON.stringify(input)],
    { env },
  );
  return JSON.parse(stdout || '{}') as Record<string, never>;
}

async function makeQueue(): Promise<void> {
  const environment = { computeEnvironmentName: 'lab', type: 'UNMANAGED', state: 'ENABLED', serviceRole: await role() };
  await aws('batch', 'create-compute-environment', environment);
  const order = [{ order: 1, computeEnvironment: 'lab' }];
  await aws('batch', 'create-job-queue', { jobQueueName: 'mixed', priority: 1, computeEnvironmentOrder: order });
  const resourceRequirements = [
    { type: 'VCPU', value: '1' },
    { type: 'MEMORY', value: '512' },
  ];
  const containerProperties = { image: 'batch-pipeline/base', resourceRequirements };
  await aws('batch', 'register-job-definition', { jobDefinitionName: 'fetch', type: 'container', containerProperties });
}

async function role(): Promise<string> {
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
  const answer = await aws('iam', 'create-role', { RoleName: 'batch', AssumeRolePolicyDocument: policy });
  return (answer as { Role?: { Arn: string } }).Role?.Arn ?? '';
}

async function control(method: string, path: string, body?: object): Promise<{ calls?: Record<string, number> }> {
  const answer = await fetch(`${env['BATCH_STACK']}/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  return (await answer.json()) as { calls?: Record<string, number> };
}

interface Child {
  jobId: string;
  status: string;
  container: { exitCode?: number; logStreamName?: string };
}

async function describeJobs(jobs: readonly string[]): Promise<Child[]> {
  return ((await aws('batch', 'describe-jobs', { jobs })) as { jobs?: Child[] }).jobs ?? [];
}

async function logOf(child: Child | undefined): Promise<string[]> {
  const logStreamName = child?.container.logStreamName;
  const answer = await aws('logs', 'get-log-events', { logGroupName: '/aws/batch/job', logStreamName });
  return ((answer as { events?: { message: string }[] }).events ?? []).map(({ message }) => message);
}

test(
  "a user's own script runs as an array job with that contract alone",
  async () => {
    const path = join(state, 'mine.sh');
    writeFileSync(path, '#!/bin/bash\necho "$1 $AWS_BATCH_JOB_ARRAY_INDEX"\nexit $((AWS_BATCH_JOB_ARRAY_INDEX * 3))\n');
    await execa(env['AWS_CLI'] ?? 'aws', ['s3', 'mb', 's3://mine'], { env });
    await execa(env['AWS_CLI'] ?? 'aws', ['s3', 'cp', path, 's3://mine/mine.sh'], { env });
    const environment = [
      { name: 'BATCH_FILE_TYPE', value: 'script' },
      { name: 'BATCH_FILE_S3_URL', value: 's3://mine/mine.sh' },
    ];
    await control('POST', 'faults', { action: 'ecs:GetCredentials', kind: 'throttle' });
    const submitted = await aws('batch', 'submit-job', {
      jobName: 'mine',
      jobQueue: 'mixed',
      jobDefinition: 'fetch',
      arrayProperties: { size: 2 },
      containerOverrides: { command: ['mine.sh', 'index'], environment },
    });
    const { jobId = '' } = submitted as { jobId?: string };
    const children = [`${jobId}:0`, `${jobId}:1`];
    await expect
      .poll(async () => (await describeJobs([jobId]))[0]?.status, { timeout: 2 * MINUTES, interval: 500 })
      .toBe('FAILED');
    const [first, second] = await describeJobs(children);
    expect([first?.status, second?.status]).toEqual(['SUCCEEDED', 'FAILED']);
    expect([first?.container.exitCode, second?.container.exitCode]).toEqual([0, 3]);
    expect((await control('GET', 'calls')).calls?.['ecs:GetCredentials']).toBe(3);
    expect([await logOf(first), await logOf(second)]).toEqual([['index 0'], ['index 1']]);
  },
  5 * MINUTES,
);
