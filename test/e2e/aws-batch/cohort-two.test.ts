import {
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  type Tag,
} from '@aws-sdk/client-s3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type CliResult, exits } from '../../fixtures/cli.ts';
import { addFiles } from '../../fixtures/work-folder.ts';

const BUCKET = 'two-lab';
const STORE = `s3://${BUCKET}/rna`;

/** A user's pipeline with an image of its own, whose first step is large and only read by the second. */
const PIPELINE = `import { definePipeline, defineParams, defineSamples, defineStep, z } from 'batch-pipeline';
import { writeFileSync, readFileSync } from 'node:fs';

const samples = defineSamples({ txt: { file: 'What to shout' } });
const params = defineParams({ mark: z.string().default('!') });
const common = { image: './images/shout', resources: { cpus: 1, memory: '200 MB', scratch: '1 MB', time: '5m' } } as const;
const shout = defineStep({
  ...common,
  name: 'shout',
  description: 'Shouts, by a tool that only its image has',
  inputs: { text: samples.txt },
  outputs: { loud: '{sample}.loud' },
  intermediate: true,
  async run({ inputs, outputs, $ }) {
    await $({ stdoutTo: outputs.loud })\`shout \${inputs.text}\`;
  },
});
const mark = defineStep({
  ...common,
  name: 'mark',
  description: 'Adds a mark',
  inputs: { text: shout.outputs.loud },
  outputs: { text: '{sample}.txt' },
  params,
  async run({ inputs, outputs, params }) {
    writeFileSync(outputs.text, readFileSync(inputs.text, 'utf8').trim() + params.mark);
  },
});
export default definePipeline({ name: 'two', description: 'Shouts and marks', samples, params, steps: [shout, mark] });
`;
const DOCKERFILE = `ARG BASE_IMAGE=batch-pipeline/base
FROM \${BASE_IMAGE}
COPY shout /usr/local/bin/shout
`;

let stack: AwsStack;
let folder: string;
let s3: S3Client;

// One lab from an empty account to an empty account: each test goes on where the one before it ended.
beforeAll(() => {
  stack = startAwsStack({}, ['batch', 's3', 'registry', 'containers']);
  folder = join(stack.folder, 'two');
  mkdirSync(folder);
  addFiles(folder, { 'two.ts': PIPELINE, 'images/shout/Dockerfile': DOCKERFILE });
  writeFileSync(join(folder, 'images/shout/shout'), '#!/bin/sh\ntr a-z A-Z < "$1"\n', { mode: 0o755 });
  s3 = new S3Client({ endpoint: stack.s3Endpoint, forcePathStyle: true });
}, 900_000);
afterAll(() => {
  s3.destroy();
  stack.stop();
});

function command(...args: string[]): Promise<CliResult> {
  return exits(0, args, { cwd: folder, env: { ...stack.environment, BATCH_PIPELINE_POLL_SECONDS: '0.2' } });
}

function run(samples: string, ...flags: string[]): Promise<CliResult> {
  const inputs = ['--samples', samples, '--inputs', `s3://${BUCKET}/in`];
  return command('run', 'two.ts', '--engine', 'aws-batch', '--store', STORE, ...inputs, '--watch', ...flags);
}

/** Keys of the bucket, and their tags. */
async function objects(): Promise<Map<string, Tag[]>> {
  const found = new Map<string, Tag[]>();
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET }))
    for (const { Key = '' } of Contents) {
      const answer = s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key }));
      // Some servers answer with an error where there are none.
      found.set(Key, (await answer.catch(() => undefined))?.TagSet ?? []);
    }
  return found;
}

/** What the bucket's own rule selects: emulated, since no server here has a clock for it. */
async function expired(): Promise<string[]> {
  const { Rules } = stack.aws('s3api', 'get-bucket-lifecycle-configuration', '--bucket', BUCKET) as {
    Rules: { Expiration?: object; Filter: { And?: { Prefix: string; Tags: Tag[] } } }[];
  };
  const [rule, another] = Rules.filter(({ Expiration }) => Expiration);
  const { Prefix, Tags: [wanted] = [] } = rule?.Filter.And ?? {};
  if (Prefix === undefined || !wanted || another) throw new Error(`Not one rule with a tag: ${JSON.stringify(Rules)}`);
  const has = (tags: Tag[]) => tags.some(({ Key, Value }) => Key === wanted.Key && Value === wanted.Value);
  return [...(await objects())].flatMap(([key, tags]) => (key.startsWith(Prefix) && has(tags) ? [key] : []));
}

const outputs = async (step: string) =>
  [...(await objects()).keys()].filter((key) => key.startsWith(`rna/v1/two/outputs/${step}/`));

test('a second pipeline is deployed, with an image that the stack does not know', { timeout: 900_000 }, async () => {
  await command('deploy', '--stack-name', 'two-stack', '--store', STORE, '--no-images');
  await command('images', 'push', './two.ts', '--store', STORE);
  const text = readFileSync(join(stack.folder, 's3/data', BUCKET, 'rna/v1/deployment.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    stack: 'two-stack',
    images: { 'two/shout': expect.stringMatching(/two-stack\/shout@sha256:/) },
  });
});

test('it runs, and the rule of the bucket selects exactly the outputs of its intermediate step', async () => {
  addFiles(join(stack.folder, 's3/data', BUCKET), { 'in/S1.txt': 'one\n', 'in/S2.txt': 'two\n' });
  await run('S1,S2');
  const selected = await expired();
  expect(selected).toHaveLength(2);
  expect(selected).toEqual(await outputs('shout'));
  expect(await outputs('mark')).toHaveLength(2);
});

test('when they have expired, nothing runs again until it is needed, and then only that', async () => {
  for (const Key of await expired()) await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
  await stack.takeCalls();
  await run('S1,S2');
  expect((await stack.takeCalls())['batch:SubmitJob']).toBeUndefined();

  await run('S1', '--param', 'mark=?');
  expect(await outputs('shout')).toEqual([expect.stringContaining('/shout/S1.')]);
  expect(await outputs('mark')).toHaveLength(3);
  await command('results', '--store', STORE, '--to', 'out');
  expect(readFileSync(join(folder, 'out/S1/mark/S1.txt'), 'utf8')).toBe('ONE?');
});

test('it is destroyed with its data', async () => {
  const data = ['--delete-data', BUCKET, '--delete-data', 'images', '--yes', '--json'];
  const { stdout } = await command('destroy', '--stack-name', 'two-stack', ...data);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ removed: true, bucket: BUCKET },
    repositories: expect.arrayContaining(['two-stack/shout']),
  });
  expect(stack.aws('ecr', 'describe-repositories')).toEqual({ repositories: [] });
});
