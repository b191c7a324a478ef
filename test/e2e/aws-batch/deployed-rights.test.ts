import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../../stack/s3/fault-proxy.ts';
import { openEcr } from '../../../src/deploy/images/ecr.ts';
import { NEEDS } from './batch-lab.ts';
import { type DeployLab, openDeployLab } from './deploy-lab.ts';
import { type Deed, openPolicySimulator, type PolicySimulator, s3Deeds, taggings } from './policy-simulator.ts';

/** Policy for deploying: for an account, a region, and a stack of the default name. */
const DEPLOY_POLICY = join(import.meta.dirname, '../../../docs/deploy-policy.json');

let stack: AwsStack;
let lab: DeployLab;
let iam: PolicySimulator;
/** S3 requests of the command's user, and of jobs. */
let users: FaultProxy;
let jobs: FaultProxy;
let roles: { job: string; conductor: string; run: string };

beforeAll(async () => {
  stack = startAwsStack();
  const port = Number(new URL(stack.s3Endpoint).port);
  [users, jobs] = await Promise.all([startFaultProxy(port), startFaultProxy(port)]);
  const { containerEnv } = (await stack.control('GET', 'settings')) as { containerEnv: object };
  await stack.control('POST', 'settings', { containerEnv: { ...containerEnv, AWS_ENDPOINT_URL_S3: jobs.endpoint } });
  iam = openPolicySimulator(stack.endpoint);
  lab = openDeployLab(stack, { AWS_ENDPOINT_URL_S3: users.endpoint });
}, 900_000);
afterAll(async () => {
  iam.close();
  await Promise.all([users.stop(), jobs.stop()]);
  stack.stop();
});

const onS3 = (proxy: FaultProxy) => proxy.seen.splice(0).flatMap(s3Deeds);

/** What the AWS API was asked since the last time, with a resource of each action that has some. */
async function onApi(): Promise<Deed[]> {
  const account = 'us-east-1:123456789012';
  const batch = `arn:aws:batch:${account}`;
  const definition = `${batch}:job-definition/batch-pipeline-a-0123456789abcdef`;
  const resources: Record<string, string[]> = {
    'batch:SubmitJob': [`${batch}:job-queue/${lab.name}`, `${definition}:1`],
    'batch:RegisterJobDefinition': [definition],
    'batch:TerminateJob': [`${batch}:job/5d5b1a9c`],
    'iam:SimulatePrincipalPolicy': [roles.job],
    'ecr:DescribeImages': [`arn:aws:ecr:${account}:repository/${lab.name}/picard`],
    'logs:GetLogEvents': [`arn:aws:logs:${account}:log-group:/aws/batch/${lab.name}:log-stream:a/default/1`],
  };
  const actions = Object.keys(await stack.takeCalls());
  return actions.flatMap((action) => (resources[action] ?? ['*']).map((resource) => ({ action, resource })));
}

const passing = (resource: string): Deed => ({
  ...{ action: 'iam:PassRole', resource, context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
});

test('deploying needs no more than the policy in docs/', async () => {
  const text = readFileSync(DEPLOY_POLICY, 'utf8').replaceAll('batch-pipeline', lab.name);
  const policies = [text.replaceAll('ACCOUNT', '123456789012').replaceAll('REGION', 'us-east-1')];
  await stack.takeCalls();
  const made = await lab.deploy('--json');
  expect(made.code, made.stderr).toBe(0);
  expect((await lab.deploy('--disk', '300GB')).code).toBe(0);
  // As `images push` does.
  await openEcr({ endpoint: stack.endpoint }).ensureRepository(`${lab.name}/base`, lab.name);
  expect((await lab.destroy('--delete-data', lab.bucket, '--delete-data', 'images', '--yes')).code).toBe(0);
  const calls = await stack.takeCalls();
  const deeds = [...deployDeeds(Object.keys(calls)), ...onS3(users)];
  expect(deeds.length).toBeGreaterThan(40);
  expect(await iam.denied(policies, deeds)).toEqual([]);
  // Planted: without this one, the check has to say so.
  expect(await iam.denied([policies[0]!.replaceAll('ecr:CreateRepository', 'ecr:Nothing')], deeds)).toEqual([
    expect.stringMatching(/^ecr:CreateRepository /),
  ]);
  const others = [
    { action: 'iam:CreateUser', resource: 'arn:aws:iam::123456789012:user/me' },
    { action: 'iam:PutRolePolicy', resource: 'arn:aws:iam::123456789012:role/Admin' },
    { action: 'iam:AttachRolePolicy', resource: 'arn:aws:iam::123456789012:role/Admin' },
    { action: 's3:DeleteBucket', resource: 'arn:aws:s3:::others' },
    { action: 's3:GetObject', resource: 'arn:aws:s3:::others/secret' },
    { action: 'ecr:DeleteRepository', resource: 'arn:aws:ecr:us-east-1:123456789012:repository/others' },
    passing('arn:aws:iam::123456789012:role/Admin'),
  ];
  expect(await iam.allowed(policies, others)).toEqual([]);
});

/** S3's own names of actions differ from those of its API. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  's3:HeadBucket': 's3:ListBucket',
  's3:PutBucketEncryption': 's3:PutEncryptionConfiguration',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  's3:PutBucketLifecycleConfiguration': 's3:PutLifecycleConfiguration',
};

/** Includes what CloudFormation does on behalf of its caller, by the API of each service. */
function deployDeeds(calls: readonly string[]): Deed[] {
  const on = 'us-east-1:123456789012';
  const resourceOf: readonly [RegExp, string][] = [
    [/^cloudformation:/, `arn:aws:cloudformation:${on}:stack/${lab.name}/5d5b1a9c`],
    [/^s3:/, `arn:aws:s3:::${lab.bucket}`],
    [/^ecr:DescribeRepositories/, `arn:aws:ecr:${on}:repository/*`],
    [/^ecr:/, `arn:aws:ecr:${on}:repository/${lab.name}/base`],
    [/^iam:.*InstanceProfile$/, `arn:aws:iam::123456789012:instance-profile/${lab.name}-InstanceProfile-1`],
    [
      /^iam:(CreatePolicy|DeletePolicy|GetPolicy|ListPolicy)/,
      `arn:aws:iam::123456789012:policy/${lab.name}-RunPolicy-1`,
    ],
    [/^iam:/, `arn:aws:iam::123456789012:role/${lab.name}-JobRole-1`],
    [/^logs:/, `arn:aws:logs:${on}:log-group:/aws/batch/${lab.name}`],
    [/^batch:.*ComputeEnvironment$/, `arn:aws:batch:${on}:compute-environment/SpotEnvironment-1`],
    [/^batch:(Create|Update|Delete)JobQueue$/, `arn:aws:batch:${on}:job-queue/${lab.name}`],
    [/^ec2:(Create|Delete)LaunchTemplate/, `arn:aws:ec2:${on}:launch-template/lt-1`],
    [/^ec2:.*SecurityGroup/, `arn:aws:ec2:${on}:security-group/sg-1`],
  ];
  // Requests to S3 without a name are the same once more.
  const named = calls.filter((call) => !/^s3:[A-Z]+$/.test(call)).map((call) => S3_ACTIONS[call] ?? call);
  return named.map((action) => ({
    ...{ action, resource: resourceOf.find(([pattern]) => pattern.test(action))?.[1] ?? '*' },
  }));
}

test('running needs no more than the created policy, and jobs no more than their role', async () => {
  const made = await lab.deploy('--json', '--kms-key', KEY);
  expect(made.code, made.stderr).toBe(0);
  const { jobRoleArn, conductorRoleArn, store } = JSON.parse(made.stdout) as Record<string, string>;
  const { Policies } = stack.aws('iam', 'list-policies', '--scope', 'Local') as { Policies: { Arn: string }[] };
  const run = Policies.find(({ Arn }) => Arn.includes(`${lab.name}-RunPolicy`))!.Arn;
  roles = { job: jobRoleArn!, conductor: conductorRoleArn!, run };
  users.seen.splice(0);
  await stack.takeCalls();
  await runAll(store!);
  // Everything is encrypted with the key that was deployed, wherever it is written.
  for (const proxy of [users, jobs]) expect([...new Set(proxy.seen.filter(isWrite).map(keyOf))]).toEqual([KEY]);
  const asked = await onApi();
  const deeds = [...asked, ...onS3(users), ...withKey, passing(roles.job), passing(roles.conductor)];
  expect(asked.map(({ action }) => action)).toEqual(expect.arrayContaining(['batch:SubmitJob', 'batch:TerminateJob']));
  const runPolicy = await iam.documentOf(run);
  expect(await iam.denied([runPolicy], deeds)).toEqual([]);
  expect(await iam.denied([runPolicy.replace('batch:TerminateJob', 'batch:Nothing')], deeds)).toEqual([
    expect.stringMatching(/^batch:TerminateJob /),
  ]);

  const ofJobs = [...onS3(jobs), ...withKey];
  expect(ofJobs.map(({ resource }) => resource).join()).toContain('/v1/needs/outputs/');
  expect(ofJobs.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging', 's3:ListBucket']),
  );
  const jobPolicies = await iam.documentsOfRole(roles.job);
  expect(await iam.denied(jobPolicies, ofJobs)).toEqual([]);
  const noLogs = jobPolicies.map((text) => text.replace('v1/*/logs/*', 'v1/*/nothing/*'));
  expect(await iam.denied(noLogs, ofJobs)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^s3:PutObject .*\/logs\//)]),
  );
});

const KEY = 'arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d';
const withKey: Deed[] = ['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => ({ action, resource: KEY }));

/** A new object, or the start of a multipart upload. */
function isWrite({ method, url }: SeenRequest): boolean {
  return (method === 'PUT' && !url.includes('partNumber')) || (method === 'POST' && /\?uploads/.test(url));
}

function keyOf({ headers, url }: SeenRequest): unknown {
  return headers['x-amz-server-side-encryption-aws-kms-key-id'] ?? `none: ${url}`;
}

/** Everything that a user does with a run, with a failing sample so that there is something to retry. */
async function runAll(store: string): Promise<void> {
  const inputs = join(stack.folder, 's3/data', lab.bucket, 'in');
  mkdirSync(inputs, { recursive: true });
  writeFileSync(join(inputs, 'S1.txt'), 'one\n');
  writeFileSync(join(inputs, 'S2.txt'), 'fail\n');
  const images = ['a', 'b', 'c', 'all'].flatMap((step) => ['--image', `${step}=registry.test/needs:1`]);
  const flags = [
    NEEDS,
    '--engine',
    'aws-batch',
    '--store',
    store,
    '--samples',
    'S1,S2',
    '--inputs',
    `${store}/in`,
    ...images,
  ];
  expect((await lab.command('plan', ...flags)).code).toBe(0);
  const ran = await lab.command('run', ...flags, '--watch');
  expect(ran.code, ran.stderr).toBe(1);
  expect((await lab.command('status', '--store', store)).code).toBe(1);
  expect((await lab.command('logs', 'S2', '--store', store)).code).toBe(0);
  expect((await lab.command('retry', '--watch', '--store', store)).code).toBe(1);
  await stack.control('POST', 'settings', { slots: 0 });
  writeFileSync(join(inputs, 'S2.txt'), 'two\n');
  expect((await lab.command('run', ...flags)).code).toBe(0);
  expect((await lab.command('cancel', '--store', store)).code).toBe(0);
  await stack.control('POST', 'settings', { slots: 8 });
}

test('a conductor needs no more than its role, which jobs do not have', async () => {
  const images = ['a', 'b', 'c', 'all'].flatMap((step) => ['--image', `${step}=registry.test/conducted:1`]);
  const store = ['--store', `s3://${lab.bucket}`];
  writeFileSync(join(stack.folder, 's3/data', lab.bucket, 'in/S3.txt'), 'fail\n');
  const flags = [
    '--engine',
    'aws-batch',
    ...store,
    '--samples',
    'S1,S3',
    '--inputs',
    `s3://${lab.bucket}/in`,
    ...images,
  ];
  // Nothing starts before the command has ended: later calls come from the jobs.
  await stack.control('POST', 'settings', { slots: 0 });
  const ran = await lab.command('run', NEEDS, ...flags, '--conductor');
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).not.toContain('cannot gather');
  await stack.takeCalls();
  onS3(jobs);
  await stack.control('POST', 'settings', { slots: 8 });
  for (let open = 1; open > 0;) open = (await stack.control('GET', 'state'))['open'] as number;
  const definitions = stack.aws('batch', 'describe-job-definitions', '--status', 'ACTIVE') as {
    jobDefinitions: { containerProperties: { image: string; jobRoleArn: string } }[];
  };
  const used = definitions.jobDefinitions.filter(({ containerProperties: { image } }) => image.endsWith('conducted:1'));
  expect(used.map(({ containerProperties: { jobRoleArn } }) => jobRoleArn).toSorted()).toEqual(
    [roles.conductor, roles.job, roles.job, roles.job, roles.job].toSorted(),
  );
  const deeds = [...(await onApi()).filter(({ action }) => !/DescribeJobDefinitions/.test(action)), ...onS3(jobs)];
  expect(deeds.map(({ action }) => action)).toContain('batch:SubmitJob');
  expect(await iam.denied(await iam.documentsOfRole(roles.conductor), deeds)).toEqual([]);
  expect(await iam.denied(await iam.documentsOfRole(roles.job), deeds)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^batch:SubmitJob /),
      expect.stringMatching(/^s3:PutObject .*\/v1\/runs\//),
    ]),
  );
});

test('no role and no policy allows what it must not', async () => {
  const object = (key: string, bucket = lab.bucket) => `arn:aws:s3:::${bucket}/${key}`;
  const forJobs: Deed[] = [
    { action: 's3:PutObject', resource: object('in/S1.txt') },
    { action: 's3:DeleteObject', resource: object('in/S1.txt') },
    { action: 's3:PutObject', resource: object('other/v1/x/outputs/y') },
    ...taggings(object),
    { action: 's3:GetObject', resource: object('in/S1.txt', 'others') },
    { action: 's3:ListBucket', resource: 'arn:aws:s3:::others' },
    { action: 's3:ListBucket', resource: `arn:aws:s3:::${lab.bucket}`, context: { 's3:prefix': 'in/' } },
    { action: 's3:PutObject', resource: object('v1/runs/needs-1/manifest.json') },
    { action: 's3:DeleteObject', resource: object('v1/runs/needs-1/manifest.json') },
    { action: 's3:DeleteObject', resource: object('v1/references/GRCh38/manifest.json') },
    { action: 's3:PutObject', resource: object('v1/bundles/00.zip') },
    { action: 's3:PutBucketPolicy', resource: `arn:aws:s3:::${lab.bucket}` },
    { action: 'batch:SubmitJob', resource: `arn:aws:batch:us-east-1:123456789012:job-queue/${lab.name}` },
    { action: 'batch:TerminateJob', resource: 'arn:aws:batch:us-east-1:123456789012:job/1' },
    { action: 'secretsmanager:GetSecretValue', resource: '*' },
    { action: 'ssm:GetParameter', resource: '*' },
    { action: 'kms:Decrypt', resource: 'arn:aws:kms:us-east-1:123456789012:key/other' },
    passing(roles.job),
  ];
  const jobPolicies = await iam.documentsOfRole(roles.job);
  expect(await iam.allowed(jobPolicies, forJobs)).toEqual([]);
  // Planted: a role that may write anywhere in the bucket.
  const generous = jobPolicies.map((text) => text.replaceAll(/v1\/\*\/(outputs|records|logs)\/\*/g, '*'));
  expect((await iam.allowed(generous, forJobs)).length).toBeGreaterThan(5);

  const conducts = ['s3:PutObject', 'batch:SubmitJob'];
  const forConductors = forJobs.filter(
    ({ action, resource }) => !conducts.includes(action) || !/runs\/|job-queue/.test(resource),
  );
  expect(await iam.allowed(await iam.documentsOfRole(roles.conductor), forConductors)).toEqual([]);

  const forRunners: Deed[] = [
    { action: 's3:PutObject', resource: object('in/S1.txt') },
    ...taggings(object),
    { action: 's3:DeleteObject', resource: object('in/S1.txt') },
    { action: 's3:DeleteBucket', resource: `arn:aws:s3:::${lab.bucket}` },
    { action: 's3:GetObject', resource: object('x', 'others') },
    { action: 'iam:CreateRole', resource: 'arn:aws:iam::123456789012:role/x' },
    { action: 'batch:RegisterJobDefinition', resource: 'arn:aws:batch:us-east-1:123456789012:job-definition/others' },
    { action: 'batch:SubmitJob', resource: 'arn:aws:batch:us-east-1:123456789012:job-queue/others' },
    { action: 'batch:DeleteJobQueue', resource: `arn:aws:batch:us-east-1:123456789012:job-queue/${lab.name}` },
    { action: 'ecr:PutImage', resource: `arn:aws:ecr:us-east-1:123456789012:repository/${lab.name}/base` },
    passing('arn:aws:iam::123456789012:role/Admin'),
    { ...passing(roles.job), context: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
  ];
  const runPolicy = await iam.documentOf(roles.run);
  expect(await iam.allowed([runPolicy], forRunners)).toEqual([]);
  const passes = runPolicy.replace(
    /"Resource": ?\[[^\]]*\](?=[^{}]*\{"StringEquals": ?\{"iam:PassedTo)/,
    '"Resource": "*"',
  );
  expect(await iam.allowed([passes], forRunners)).toEqual([expect.stringMatching(/^iam:PassRole .*Admin/)]);
});
