import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { openEcr } from '../../../src/deploy/images/ecr.ts';
import { NEEDS } from './batch-lab.ts';
import { type DeployLab, openDeployLab } from './deploy-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual' });
}, 900_000);
afterAll(() => stack.stop());

const path = (lab: DeployLab, key: string) => join(stack.folder, 's3/data', lab.bucket, key);

test('data are kept unless named, and the next deployment reuses them', async () => {
  const lab = openDeployLab(stack);
  expect((await lab.deploy()).code).toBe(0);
  const repositories = ['base', 'tool'].map((image) => `${lab.name}/${image}`);
  for (const repository of repositories)
    await openEcr({ endpoint: stack.endpoint }).ensureRepository(repository, lab.name);
  mkdirSync(path(lab, 'v1/runs'), { recursive: true });
  writeFileSync(path(lab, 'v1/runs/one'), 'precious');

  const gone = await lab.destroy();
  expect([gone.code, gone.stderr]).toEqual([0, expect.stringContaining(`Stack ${lab.name} is deleted.`)]);
  expect(gone.stderr).toContain(`Bucket ${lab.bucket} is kept; to delete it: aws s3 rb --force s3://${lab.bucket}`);
  expect(gone.stderr).toContain(`to delete them: batch-pipeline destroy --stack-name ${lab.name} --delete-data images`);
  expect(existsSync(path(lab, 'v1/runs/one'))).toBe(true);
  expect(existsSync(path(lab, 'v1/deployment.json'))).toBe(false);

  const again = await lab.deploy();
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining(`Bucket ${lab.bucket} exists: it is used`)]);
  expect(again.stdout).toBe(`--store s3://${lab.bucket}\n`);

  const data = ['--delete-data', lab.bucket, '--delete-data', 'images'];
  expect(await lab.destroy(...data)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Not confirmed: Bucket \S+ with 2 objects will be deleted permanently\.\n.*--yes/),
  });
  expect(existsSync(path(lab, 'v1/deployment.json'))).toBe(true);
  const done = await lab.destroy(...data, '--yes', '--json');
  expect([done.code, JSON.parse(done.stdout)], done.stderr).toEqual([
    0,
    {
      ...{ stack: lab.name, removed: true, bucket: lab.bucket },
      repositories,
    },
  ]);
  expect(existsSync(path(lab, ''))).toBe(false);
  expect((await lab.destroy()).stderr).toBe(`There is no stack ${lab.name}.\n`);
});

test('a bucket that was given is not deleted', async () => {
  const lab = openDeployLab(stack);
  stack.makeBucket('given');
  expect((await lab.deploy('--bucket-name', 'given')).code).toBe(0);
  const told = await lab.destroy('--delete-data', 'given', '--yes');
  expect([told.code, told.stderr]).toEqual([
    2,
    expect.stringContaining('Bucket "given" was not created by this stack'),
  ]);
  expect((await lab.destroy()).code).toBe(0);
  expect(existsSync(join(stack.folder, 's3/data/given'))).toBe(true);
});

test('a bucket that stays is deleted by hand; two at once are refused', async () => {
  const lab = openDeployLab(stack);
  expect((await lab.deploy('--store', 's3://my-own/rna')).code).toBe(0);
  const two = await lab.destroy('--delete-data', 'my-own', '--delete-data', lab.bucket, '--yes');
  expect([two.code, two.stderr]).toEqual([2, expect.stringContaining('several are named')]);
  const gone = await lab.destroy();
  expect(gone.stderr).toContain('Bucket my-own is kept; to delete it: aws s3 rb --force s3://my-own\n');
  // The printed command must work: without the stack, the bucket's owner is unknown.
  const told = await lab.destroy('--delete-data', 'my-own', '--yes');
  expect([told.code, told.stderr]).toEqual([2, expect.stringContaining('aws s3 rb --force s3://my-own')]);
});

test('nothing is destroyed under unfinished jobs, unless forced', async () => {
  const lab = openDeployLab(stack);
  const made = await lab.deploy();
  const store = made.stdout.trim().split(' ');
  mkdirSync(path(lab, 'in'), { recursive: true });
  writeFileSync(path(lab, 'in/S1.txt'), 'one\n');
  const images = ['a', 'b', 'c', 'all'].flatMap((step) => ['--image', `${step}=registry.test/live:1`]);
  const flags = ['--engine', 'aws-batch', ...store, '--samples', 'S1', '--inputs', `${store[1]}/in`, ...images];
  const ran = await lab.command('run', NEEDS, ...flags);
  expect(ran.code, ran.stderr).toBe(0);
  const told = await lab.destroy();
  expect([told.code, told.stderr]).toEqual([
    3,
    expect.stringMatching(/Jobs in queue \S+ are unfinished: needs-1\S+ is /),
  ]);
  expect((await lab.deploy('--plan')).stdout).toContain('Nothing to change');
  const forced = await lab.destroy('--force');
  expect(forced.code, forced.stderr).toBe(0);
});

test('a failed deletion is reported, and continues with the same command', async () => {
  const lab = openDeployLab(stack);
  expect((await lab.deploy()).code).toBe(0);
  await stack.control('POST', 'faults', { action: 'logs:DeleteLogGroup', kind: 'error', count: 1 });
  const told = await lab.destroy();
  expect([told.code, told.stderr]).toEqual([
    3,
    expect.stringMatching(/DELETE_FAILED: LogGroup \(AWS::Logs::LogGroup\)/),
  ]);
  const stuck = await lab.deploy();
  expect([stuck.code, stuck.stderr]).toEqual([
    3,
    expect.stringContaining(`batch-pipeline destroy --stack-name ${lab.name}`),
  ]);
  expect((await lab.destroy()).code).toBe(0);
});
