import { globSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Deployment, writeDeployment } from '../../../src/ledger/deployment.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { type AwsStack, roleArn, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type BatchLab, openBatchLab } from './batch-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack();
}, 900_000);
afterAll(() => stack.stop());

interface Found {
  garbage: { kind: string; group: string; name: string; size: number }[];
  spared: { what: string; why: string }[];
}

/** The output of gc, sorted, with names of definitions and bundles normalised. */
async function gc(lab: BatchLab, ...flags: string[]): Promise<{ found: string[]; spared: Found['spared'] }> {
  const ran = await lab.command('gc', '--store', lab.store, '--json', ...flags);
  expect(ran.code, ran.stderr).toBe(0);
  const { garbage, spared } = JSON.parse(ran.stdout) as Found;
  const name = (found: Found['garbage'][number]) => (found.kind === 'definition' ? stepOf(found.name) : found.group);
  return { found: garbage.map((found) => `${found.kind} ${name(found)}`).toSorted(), spared };
}

function stepOf(definition: string): string {
  return /batch-pipeline-(.+)-[0-9a-f]{16}:/.exec(definition)?.[1] ?? definition;
}

/** A role that may do all that jobs do. */
async function jobRole(lab: BatchLab, name: string): Promise<string> {
  const arn = await roleArn(stack.endpoint, name);
  const Resource = [`arn:aws:s3:::${lab.bucket}`, `arn:aws:s3:::${lab.bucket}/*`];
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource }] };
  const words = ['--role-name', name, '--policy-name', 'all', '--policy-document', JSON.stringify(policy)];
  lab.aws('iam', 'put-role-policy', ...words);
  return arn;
}

/** Makes everything in the bucket so many days older, begun uploads too. */
function age(lab: BatchLab, days: number): void {
  const time = new Date(Date.now() - days * 86_400_000);
  const folder = join(stack.folder, 's3/data', lab.bucket);
  for (const name of globSync(['**', '.*/**'], { cwd: folder })) utimesSync(join(folder, name), time, time);
}

/** ACTIVE definitions of the lab's images, by step, read with the AWS command line. */
function definitions(lab: BatchLab): string[] {
  const { jobDefinitions } = lab.aws('batch', 'describe-job-definitions', '--status', 'ACTIVE') as {
    jobDefinitions: { jobDefinitionArn: string; containerProperties: { image: string } }[];
  };
  return jobDefinitions
    .filter(({ containerProperties: { image } }) => image.includes(lab.bucket))
    .map(({ jobDefinitionArn }) => stepOf(jobDefinitionArn))
    .toSorted();
}

test('definitions, bundles, scratch and broken uploads are removed; anything that a run or job uses stays', async () => {
  const lab = await openBatchLab(stack);
  const jobRoleArn = await jobRole(lab, 'gc');
  const store = await openStore(lab.store, { s3: { endpoint: stack.s3Endpoint } });
  const deployment: Deployment = {
    ...{ version: 1, region: 'us-east-1', queue: lab.bucket, jobRoleArn },
    images: { all: `registry.test/${lab.bucket}:1` },
  };
  await writeDeployment(store, deployment);
  const run = [...lab.run, '--job-role', jobRoleArn, ...lab.samples({ S1: 'one', S2: 'two' })];
  const ran = await lab.command(...run, '--watch');
  expect(ran.code, ran.stderr).toBe(0);
  expect(definitions(lab)).toEqual(['a', 'all', 'b', 'c']);
  expect(await gc(lab, '--apply')).toEqual({ found: [], spared: [] });

  // The images have changed by now, but a job still waits with an earlier definition.
  age(lab, 40);
  await writeDeployment(store, { ...deployment, images: { all: `registry.test/${lab.bucket}:2` } });
  await stack.control('POST', 'settings', { slots: 0 });
  const [mine] = (
    lab.aws('batch', 'describe-job-definitions', '--status', 'ACTIVE') as {
      jobDefinitions: { jobDefinitionArn: string }[];
    }
  ).jobDefinitions.filter(({ jobDefinitionArn }) => stepOf(jobDefinitionArn) === 'b');
  const words = ['--job-queue', lab.bucket, '--job-definition', mine?.jobDefinitionArn ?? ''];
  lab.aws('batch', 'submit-job', '--job-name', 'mine', ...words);
  // As a task that was killed in the middle of its upload leaves it.
  const key = ['--bucket', lab.bucket, '--key', 'store/v1/needs/outputs/c/half'];
  const { UploadId } = lab.aws('s3api', 'create-multipart-upload', ...key) as { UploadId: string };
  writeFileSync(join(lab.folder, 'part'), 'x'.repeat(1000));
  const part = ['--part-number', '1', '--upload-id', UploadId, '--body', join(lab.folder, 'part')];
  lab.aws('s3api', 'upload-part', ...key, ...part);
  expect((await gc(lab)).found).not.toContain('unfinished writes');
  age(lab, 40);

  const all = {
    found: [
      'bundle bundles',
      ...['definition a', 'definition all', 'definition c'],
      ...['scratch needs a', 'scratch needs a', 'scratch needs b', 'scratch needs b', 'unfinished writes'],
    ],
    spared: [],
  };
  expect(await gc(lab)).toEqual(all);
  expect(definitions(lab)).toEqual(['a', 'all', 'b', 'c']);
  expect(await gc(lab, '--apply')).toEqual(all);
  expect(definitions(lab)).toEqual(['b']);
  expect(lab.aws('s3api', 'list-multipart-uploads', '--bucket', lab.bucket)).not.toHaveProperty('Uploads');
  const objects = lab.aws('s3api', 'list-objects-v2', '--bucket', lab.bucket, '--prefix', 'store/v1/') as {
    Contents: { Key: string }[];
  };
  const left = objects.Contents.map(({ Key }) => Key).filter((name) => /outputs|bundles/.test(name));
  const names = left.map(
    (name) =>
      name
        .replace(/[0-9a-f]{64}/, 'code')
        .split('/')
        .at(-1) ?? '',
  );
  expect(names.toSorted()).toEqual(['S1.c', 'S2.c', 'code.zip', 'list.txt']);

  // A finished run stays finished, and is shown as before.
  const there = ['--store', lab.store];
  expect((await lab.command('status', ...there)).code).toBe(0);
  expect((await lab.command('results', ...there, '--to', 'results')).code).toBe(0);
  expect((await lab.command('retry', ...there)).stderr).toContain('nothing to retry');
  const again = await lab.command(...run);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('up to date')]);
});

test('an unfinished run keeps its outputs, its bundle and its definitions', async () => {
  const lab = await openBatchLab(stack);
  const jobRoleArn = await jobRole(lab, 'gc-live');
  const store = await openStore(lab.store, { s3: { endpoint: stack.s3Endpoint } });
  await writeDeployment(store, { version: 1, region: 'us-east-1', queue: lab.bucket, jobRoleArn, images: {} });
  await stack.control('POST', 'settings', { slots: 0 });
  const ran = await lab.command(...lab.run, '--job-role', jobRoleArn, ...lab.samples({ S1: 'one' }));
  expect(ran.code, ran.stderr).toBe(0);
  age(lab, 40);
  const spared = [{ what: 'outputs of needs', why: 'needs-1 has not finished' }];
  expect(await gc(lab, '--apply', '--keep-days', '0')).toEqual({ found: [], spared });
  await stack.control('POST', 'settings', { slots: 8 });
  const watched = await lab.command('status', '--watch', '--store', lab.store);
  expect(watched.code, watched.stderr).toBe(0);
  age(lab, 40);
  expect((await gc(lab, '--apply')).found).toEqual([
    ...['bundle bundles', 'definition a', 'definition all', 'definition b', 'definition c'],
    ...['scratch needs a', 'scratch needs b'],
  ]);
});
