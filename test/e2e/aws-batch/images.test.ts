import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import type { CliResult } from '../../fixtures/cli.ts';
import { until } from '../../fixtures/until.ts';
import { addFiles } from '../../fixtures/work-folder.ts';
import { type ImageLab, openImageLab } from './image-lab.ts';

const SERVICES = ['batch', 's3', 'registry', 'containers', 'docker'];
const START = resolve(import.meta.dirname, '../../stack/aws/start.sh');
/** That of the stack's ECR. */
const PASSWORD = '123456789012-auth-token';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({}, SERVICES);
}, 900_000);
afterAll(() => stack.stop());

function succeeded(result: CliResult): CliResult {
  expect(result.code, result.stderr).toBe(0);
  return result;
}

/** The digest that ECR tells the AWS command line, and the tags that go with it. */
function inEcr(lab: ImageLab, image: string): { imageDigest: string; imageTags: string[] }[] {
  const answer = lab.aws('ecr', 'describe-images', '--repository-name', `batch-pipeline/${image}`);
  return (answer as { imageDetails: { imageDigest: string; imageTags: string[] }[] }).imageDetails;
}

describe.each(['docker', 'podman', 'buildah'])('with %s', (builder) => {
  test('images are built and pushed once, and again only if changed', async () => {
    const lab = openImageLab(stack);
    const [one, two] = lab.images;
    const push = ['images', 'push', './pipeline.ts', '--builder', builder];
    const first = succeeded(await lab.command(...push));
    expect(lab.takeCalls()).toEqual(['build', 'build', 'push', 'push'].map((verb) => `${builder} ${verb}`));
    const [image] = inEcr(lab, one);
    const deployed = lab.deployed() ?? {};
    expect(deployed[one]).toBe(`${stack.environment['ECR_REGISTRY']}/batch-pipeline/${one}@${image?.imageDigest}`);
    expect(first.stdout.split('\n')).toContain(`${one} ${deployed[one]}`);

    const uploads = lab.uploads();
    expect(uploads).toBeGreaterThan(0);
    // Not even a builder is needed.
    const again = succeeded(await lab.commandWith({ PATH: '/nowhere' }, 'images', 'push', './pipeline.ts'));
    expect(again.stdout).toBe(first.stdout);
    expect(succeeded(await lab.command('images', 'build', './pipeline.ts', '--builder', builder)).stderr).toBe(
      `${one}: unchanged, already in ${builder}\n${two}: unchanged, already in ${builder}\n`,
    );
    expect([lab.takeCalls(), lab.uploads(), lab.deployed()]).toEqual([[], uploads, deployed]);

    writeFileSync(join(lab.folder, 'images', two, 'hello'), `changed in ${lab.folder}\n`);
    succeeded(await lab.command(...push));
    expect(lab.takeCalls()).toEqual([`${builder} build`, `${builder} push`]);
    expect(lab.deployed()?.[one]).toBe(deployed[one]);
    expect(lab.deployed()?.[two]).not.toBe(deployed[two]);
  });

  test("the registry's password is visible to no other process, and removed afterwards", async () => {
    const lab = openImageLab(stack);
    const before = readFileSync(lab.dockerConfig, 'utf8');
    succeeded(await lab.command('images', 'push', './pipeline.ts', '--builder', builder));
    expect(lab.told()).toContain(`called: ${builder} push`);
    expect(lab.told()).not.toContain(PASSWORD);
    expect(lab.told()).not.toContain(Buffer.from(`AWS:${PASSWORD}`).toString('base64'));
    expect(readFileSync(lab.dockerConfig, 'utf8')).toBe(before);
    expect(lab.logins()).toEqual([]);
  });
});

describe('the builder', () => {
  test('is the first that works: a docker without its engine does not', async () => {
    const lab = openImageLab(stack);
    const env = { DOCKER_HOST: 'unix:///nowhere' };
    const built = succeeded(await lab.commandWith(env, 'images', 'build', './pipeline.ts', '--build-arg', 'WHO=me'));
    expect(lab.takeCalls()).toEqual(['podman build', 'podman build']);
    expect(built.stdout).toMatch(/^localhost\/batch-pipeline\/one-\d+:[0-9a-f]{20}-[0-9a-f]{10}\n/);
  });

  test('is missing: each reports why, and nothing is recorded', async () => {
    const lab = openImageLab(stack, { builders: ['docker'] });
    const env = { DOCKER_HOST: 'unix:///nowhere' };
    const pushed = await lab.commandWith(env, 'images', 'push', './pipeline.ts');
    expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringContaining('No program that builds images works')]);
    expect(pushed.stderr).toMatch(
      /docker: Cannot connect .*\n {2}podman: podman is broken\n {2}buildah: buildah is broken/,
    );
    expect(lab.deployed()).toBeUndefined();
  });

  test('fails: its last output is shown, all of it is kept, and nothing is recorded', async () => {
    const lab = openImageLab(stack);
    addFiles(lab.folder, { [`images/${lab.images[1]}/Dockerfile`]: 'FROM scratch\nCOPY absent /x\n' });
    const pushed = await lab.command('images', 'push', './pipeline.ts', '--builder', 'podman');
    expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringMatching(/podman could not build[^]*absent/)]);
    const log = /Full output: (.*)/.exec(pushed.stderr)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('absent');
    expect([lab.takeCalls(), lab.deployed()]).toEqual([['podman build', 'podman build'], undefined]);
  });
});

describe('ECR', () => {
  test('is asked again when it throttles or its response is lost; repositories are ours', async () => {
    const lab = openImageLab(stack);
    await stack.control('POST', 'faults', { action: 'ecr:*', kind: 'throttle', count: 2 });
    await stack.control('POST', 'faults', { action: 'ecr:CreateRepository', kind: 'lose-answer', count: 1 });
    await stack.control('POST', 'faults', { action: 'ecr:DescribeImages', kind: 'lose-answer', count: 2 });
    succeeded(await lab.command('images', 'push', './pipeline.ts', '--builder', 'podman'));
    expect(JSON.stringify(await stack.control('GET', 'faults'))).toMatch(/"hits":\s*2.*"hits":\s*1.*"hits":\s*2/);
    await stack.control('DELETE', 'faults');
    const name = `batch-pipeline/${lab.images[0]}`;
    const { repositories } = lab.aws('ecr', 'describe-repositories', '--repository-names', name) as {
      repositories: { repositoryArn: string }[];
    };
    expect(repositories).toMatchObject([
      { imageTagMutability: 'IMMUTABLE', imageScanningConfiguration: { scanOnPush: true } },
    ]);
    expect(lab.aws('ecr', 'get-lifecycle-policy', '--repository-name', name)).toMatchObject({
      lifecyclePolicyText: expect.stringContaining('imageCountMoreThan'),
    });
    expect(lab.aws('ecr', 'list-tags-for-resource', '--resource-arn', repositories[0]?.repositoryArn ?? '')).toEqual({
      tags: [{ Key: 'batch-pipeline', Value: 'batch-pipeline' }],
    });
  });

  test('lists what exists and what is in use; other names of the deployment stay', async () => {
    const lab = openImageLab(stack);
    const [one, two] = lab.images;
    const deployment = { version: 1, region: 'us-east-1', queue: 'mine', images: { other: 'registry.test/other:1' } };
    const key = 'store/v1/deployment.json';
    addFiles(join(stack.folder, 's3/data', lab.bucket), { [key]: JSON.stringify(deployment) });
    succeeded(await lab.command('images', 'push', './pipeline.ts'));
    writeFileSync(join(lab.folder, 'images', two, 'hello'), `changed in ${lab.folder}\n`);
    const pushed = succeeded(await lab.command('images', 'push', './pipeline.ts', '--json'));
    expect(JSON.parse(pushed.stdout)).toMatchObject([
      { name: one, state: 'in-registry' },
      { name: two, state: 'pushed' },
    ]);
    const text = readFileSync(join(stack.folder, 's3/data', lab.bucket, key), 'utf8');
    const pushedNames = [one, two].map((name) => [`own/${name}`, expect.any(String) as string]);
    const images = { other: 'registry.test/other:1', ...Object.fromEntries(pushedNames) };
    expect(JSON.parse(text)).toEqual({ ...deployment, images });

    const listed = succeeded(await lab.command('images', 'list'));
    const rows = listed.stdout.split('\n').filter((line) => line.startsWith(one) || line.startsWith(two));
    expect([rows.length, rows.filter((row) => row.endsWith('yes')).length]).toEqual([3, 2]);
    const json = JSON.parse(succeeded(await lab.command('images', 'list', '--json')).stdout) as object[];
    expect(json).toContainEqual({
      ...{ name: two, inUse: true, uri: lab.deployed()?.[two], tags: [expect.stringMatching(/^[0-9a-f]{20}$/)] },
      ...{ digest: expect.stringMatching(/^sha256:/), bytes: expect.any(Number) },
      pushedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test('refuses a user without credentials', async () => {
    const lab = openImageLab(stack);
    const nobody = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' };
    const pushed = await lab.commandWith(nobody, 'images', 'push', './pipeline.ts');
    expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringMatching(/credentials/)]);
    expect(lab.takeCalls()).toEqual([]);
  });
});

describe('the registry', () => {
  test.each(['docker', 'podman', 'buildah'])(
    'refuses the password: %s is reported, nothing is recorded',
    async (builder) => {
      const lab = openImageLab(stack);
      const file = join(stack.folder, 'htpasswd');
      const right = readFileSync(file, 'utf8');
      writeFileSync(file, '');
      const pushed = await lab.command('images', 'push', './pipeline.ts', '--builder', builder);
      writeFileSync(file, right);
      expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringContaining(`${builder} could not push the image`)]);
      expect(lab.deployed()).toBeUndefined();
      expect(lab.logins()).toEqual([]);
    },
  );

  test.each(['docker', 'podman'])(
    'is down: %s is reported once, nothing is recorded; then it continues',
    async (builder) => {
      const lab = openImageLab(stack);
      const push = ['images', 'push', './pipeline.ts', '--builder', builder];
      process.kill(Number(readFileSync(join(stack.folder, 'run/registry.pid'), 'utf8')));
      const pushed = await lab.command(...push);
      expect([pushed.code, pushed.stderr]).toEqual([3, expect.stringMatching(/error: .*could not push the image/)]);
      expect([pushed.stderr.match(/error:/g)?.length, lab.deployed()]).toEqual([1, undefined]);
      execFileSync(START, [stack.folder, ...SERVICES], { stdio: ['ignore', 'ignore', 'inherit'] });
      lab.takeCalls();
      succeeded(await lab.command(...push));
      expect(lab.takeCalls()).toEqual([`${builder} push`, `${builder} push`]);
    },
  );
});

test('Ctrl-C while an image is pushed ends the builder, and removes the password', async () => {
  const lab = openImageLab(stack);
  const registry = Number(readFileSync(join(stack.folder, 'run/registry.pid'), 'utf8'));
  process.kill(registry, 'SIGSTOP');
  const started = lab.start('images', 'push', './pipeline.ts', '--builder', 'podman');
  await started.printed(/pushing/);
  await until(() => lab.logins().length === 1);
  started.process.kill('SIGINT');
  const pushed = await started.over;
  process.kill(registry, 'SIGCONT');
  expect([pushed.code, pushed.stderr]).toEqual([130, expect.stringContaining('Interrupted')]);
  expect([lab.logins(), lab.deployed()]).toEqual([[], undefined]);
});

const SHOUT = `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'What to shout' } });
const shout = defineStep({
  name: 'shout',
  description: 'Shouts, by a tool that only its image has',
  image: './images/shout',
  inputs: { text: samples.txt },
  outputs: { loud: '{sample}.loud' },
  resources: { cpus: 1, memory: '200 MB', scratch: '1 MB', time: '5m' },
  async run({ inputs, outputs, $ }) {
    await $({ stdoutTo: outputs.loud })\`shout \${inputs.text}\`;
  },
});
export default definePipeline({ name: 'shout', description: 'Shouts', samples, steps: [shout] });
`;
const DOCKERFILE = `ARG BASE_IMAGE=batch-pipeline/base
FROM \${BASE_IMAGE}
COPY shout /usr/local/bin/shout
`;

test('a pipeline runs in its own image, built from our parent, and warns when that is outdated', async () => {
  const lab = openImageLab(stack);
  await stack.makeQueue(lab.bucket);
  addFiles(lab.folder, { 'shout.ts': SHOUT, 'images/shout/Dockerfile': DOCKERFILE });
  const tool = join(lab.folder, 'images/shout/shout');
  writeFileSync(tool, '#!/bin/sh\ntr a-z A-Z < "$1"\n', { mode: 0o755 });
  addFiles(join(stack.folder, 's3/data', lab.bucket), { 'in/S1.txt': 'one\n', 'in/S2.txt': 'two\n' });
  const sheet = ['--samples', 'S1,S2', '--inputs', `s3://${lab.bucket}/in`];
  const shout = ['shout.ts', '--engine', 'aws-batch', '--queue', lab.bucket, ...sheet];

  const before = await lab.command('run', ...shout);
  expect([before.code, before.stderr]).toEqual([3, expect.stringContaining('batch-pipeline images push PIPELINE')]);
  succeeded(await lab.command('images', 'push', './shout.ts', '--builder', 'podman'));
  const ran = succeeded(await lab.command('run', ...shout, '--watch'));
  expect(ran.stderr).not.toContain('warning: The folder');
  succeeded(await lab.command('results', '--to', 'out'));
  expect(readFileSync(join(lab.folder, 'out/S2/shout/S2.loud'), 'utf8')).toBe('TWO\n');

  writeFileSync(tool, '#!/bin/sh\ntr a-z a-z < "$1"\n');
  addFiles(join(stack.folder, 's3/data', lab.bucket), { 'in/S1.txt': 'three\n' });
  const planned = succeeded(await lab.command('plan', ...shout));
  expect(planned.stderr).toMatch(/warning: The folder of image shout has changed[^]*images push shout\.ts/);
  succeeded(await lab.command('images', 'push', 'shout.ts', '--builder', 'podman'));
  const fresh = succeeded(await lab.command('plan', ...shout));
  expect(fresh.stderr).not.toContain('warning: The folder');
  expect(fresh.stdout).toMatch(/shout +2 +0/);
});
