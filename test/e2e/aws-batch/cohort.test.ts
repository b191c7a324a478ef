import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareWithTruth } from '../../../pipelines/fusion/demo/compare-with-truth.ts';
import { makeDemoCohort } from '../../../pipelines/fusion/demo/demo-cohort.ts';
import { foundInPizzlyJson } from '../../../pipelines/fusion/demo/found-fusions.ts';
import { parseTruth } from '../../../pipelines/fusion/demo/truth.ts';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { exits, type CliResult } from '../../fixtures/cli.ts';
import { compareFolders, comparisonText } from '../../fixtures/compare-folders.ts';
import { until } from '../../fixtures/until.ts';

const SPIKE_IN = resolve(import.meta.dirname, '../../../.cache/spike-in');
const BUCKET = 'fusion-lab';
const STORE = `s3://${BUCKET}`;
/** Times vary by nature; logs name scratch folders. */
const VARIES = /timings\.tsv$|_picard\.stderr$|kallisto\.out$|_pizzly\.out$/;
const STEPS = ['picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => ['--step', step]);
const GOOD = ['tumour-1', 'tumour-2', 'tumour-3', 'tumour-4', 'normal-1', 'spike-in'];

/** The original's launch line. */
const LAUNCH_LINE = [
  ...['run', 'fusion', '--queue=mixed', `--bucket-name=${BUCKET}`],
  ...['--pipeline-name=first-test-pipeline', '--sample-list-file=./sample_list.txt'],
];

let stack: AwsStack;
let folder: string;

// One lab from an empty account to its results: each test continues where the previous one ended.
beforeAll(() => {
  stack = startAwsStack({ slots: 2, timeScale: 1 }, ['batch', 's3', 'registry', 'containers']);
  folder = join(stack.folder, 'lab');
  mkdirSync(folder);
}, 900_000);
afterAll(() => stack.stop());

function command(code: number, ...args: string[]): Promise<CliResult> {
  return exits(code, args, { cwd: folder, env: { ...stack.environment, BATCH_PIPELINE_POLL_SECONDS: '1' } });
}

/** The AWS command line, a client that is not ours. */
function aws(...args: string[]): Record<string, unknown> {
  const options = { cwd: folder, env: { ...process.env, ...stack.environment }, encoding: 'utf8' } as const;
  const text = execFileSync(stack.environment['AWS_CLI'] ?? 'aws', [...args, '--output', 'json'], options);
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
}

interface Deployed {
  jobRoleArn: string;
  images: Record<string, string>;
}

function deployed(): Deployed {
  aws('s3', 'cp', '--quiet', `${STORE}/v1/deployment.json`, 'deployment.json');
  return JSON.parse(readFileSync(join(folder, 'deployment.json'), 'utf8')) as Deployed;
}

test('deploy creates bucket, roles, queue and images, once', { timeout: 900_000 }, async () => {
  await command(0, 'deploy', '--stack-name', 'mixed', '--store', STORE);
  const { images } = deployed();
  expect(Object.keys(images).toSorted()).toEqual(['fusion/base', 'fusion/kallisto', 'fusion/picard', 'fusion/pizzly']);
  for (const uri of Object.values(images)) expect(uri).toMatch(/@sha256:[0-9a-f]{64}$/);
  const { jobQueues } = aws('batch', 'describe-job-queues', '--job-queues', 'mixed');
  expect(jobQueues).toMatchObject([{ jobQueueName: 'mixed', state: 'ENABLED', status: 'VALID' }]);

  await stack.takeCalls();
  await command(0, 'deploy', '--stack-name', 'mixed', '--store', STORE);
  const calls = await stack.takeCalls();
  expect(calls['cloudformation:ExecuteChangeSet']).toBeUndefined();
  expect(deployed().images).toEqual(images);
});

test("the original's launch line runs the cohort in containers, with the bytes of the local engine", async () => {
  const spikeInFolder = { spikeInFolder: SPIKE_IN };
  const cohort = await makeDemoCohort({ folder: join(folder, 'cohort'), ...spikeInFolder });
  const names = readdirSync(join(folder, 'cohort/bam')).map((file) => file.replace(/\.bam$/, ''));
  expect(names).toHaveLength(7);
  aws('s3', 'cp', '--quiet', '--recursive', '--exclude', '*', '--include', '*.bam', 'cohort/bam', STORE);
  writeFileSync(join(folder, 'sample_list.txt'), names.map((name) => `${name}\n`).join(''));
  const files = ['--reference-file', `fasta=${cohort.fasta}`, '--reference-file', `gtf=${cohort.gtf}`];
  await command(0, 'reference', 'build', 'demo', '--store', STORE, '--engine', 'aws-batch', ...files);

  await stack.takeCalls();
  const { stderr } = await command(0, ...LAUNCH_LINE);
  expect(stderr).toContain('Run first-test-pipeline-2: 22 tasks in 4 jobs, 1 up to date.');
  expect(await stack.takeCalls()).toMatchObject({ 'batch:SubmitJob': 4 });
  // No process of ours is needed any more. Only the broken sample fails.
  await command(1, 'status', '--watch', '--store', STORE);
  await command(0, 'results', '--store', STORE, ...STEPS, '--to', 'batch');

  const here = ['--sample-list-file=./sample_list.txt', '--inputs', 'cohort/bam', ...files];
  const small = ['reference', 'picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => [
    ...['--set', `${step}.memory=1GB`],
  ]);
  await command(1, 'run', 'fusion', ...here, ...small, '--store', 'local-store');
  await command(0, 'results', '--store', 'local-store', ...STEPS, '--to', 'local');
  const comparison = compareFolders(join(folder, 'local'), join(folder, 'batch'), VARIES);
  console.log(comparisonText('AWS Batch, in containers, beside local', comparison));
  expect([comparison.different, comparison.alone]).toEqual([[], []]);
  expect(comparison.same.length).toBeGreaterThan(60);
  expect(readFileSync(join(folder, 'batch/cohort/gather/missing.tsv'), 'utf8')).toContain('broken-1\tpicard\tinput');
});

test('samples are found by a pattern and by a list in the bucket', async () => {
  aws('s3', 'cp', '--quiet', 'sample_list.txt', `${STORE}/sample_list.txt`);
  for (const list of [`${STORE}/*.bam`, `${STORE}/sample_list.txt`]) {
    const { stdout } = await command(0, 'samples', list, '--json', '--store', STORE);
    const samples = JSON.parse(stdout) as { name: string; files: { bam: { location: string } } }[];
    expect(samples.map(({ name }) => name).toSorted()).toEqual([...GOOD, 'broken-1'].toSorted());
    for (const { name, files } of samples) expect(files.bam.location).toBe(`${STORE}/${name}.bam`);
  }
});

test('all known fusions are found, and no others', () => {
  const found = GOOD.map((sample) => {
    const file = join(folder, 'batch', sample, 'pizzly', `${sample}.json`);
    return [sample, foundInPizzlyJson(readFileSync(file, 'utf8'), file)] as const;
  });
  const truth = parseTruth(readFileSync(join(folder, 'cohort/truth.tsv'), 'utf8'));
  const { total, asExpected } = compareWithTruth(new Map(found), truth);
  expect([total.putIn, total.found, total.wrong, asExpected]).toEqual([19, 19, 0, true]);
});

test('the same line again has nothing to do', async () => {
  await stack.takeCalls();
  const { stderr } = await command(0, 'run', 'fusion', `--bucket-name=${BUCKET}`, '--samples', GOOD.join(','));
  expect(stderr).toContain('1 task in 1 job, 19 up to date');
  const calls = await stack.takeCalls();
  expect([calls['batch:SubmitJob'], calls['batch:RegisterJobDefinition']]).toEqual([1, undefined]);
  await command(0, 'status', '--watch', '--store', STORE);
});

/** Registers and submits a job of the user's own; returns its outcome and output. */
async function fetchAndRun(file: string, type: string, argv: readonly string[]): Promise<[unknown, string[]]> {
  const { images, jobRoleArn } = deployed();
  const containerProperties = {
    ...{ image: images['fusion/base'], jobRoleArn, command: argv },
    environment: [
      { name: 'BATCH_FILE_TYPE', value: type },
      { name: 'BATCH_FILE_S3_URL', value: `${STORE}/mine/${file}` },
    ],
    resourceRequirements: [
      { type: 'VCPU', value: '1' },
      { type: 'MEMORY', value: '256' },
    ],
  };
  const definition = JSON.stringify({ jobDefinitionName: `my-${type}`, type: 'container', containerProperties });
  aws('s3', 'cp', '--quiet', file, `${STORE}/mine/${file}`);
  aws('batch', 'register-job-definition', '--cli-input-json', definition);
  const named = ['--job-name', 'mine', '--job-queue', 'mixed', '--job-definition', `my-${type}`];
  const { jobId } = aws('batch', 'submit-job', ...named);
  type Job = { status: string; container: { exitCode: number; logStreamName: string } };
  const describe = () => (aws('batch', 'describe-jobs', '--jobs', String(jobId))['jobs'] as Job[])[0] as Job;
  await until(() => ['SUCCEEDED', 'FAILED'].includes(describe().status));
  const { status, container } = describe();
  const stream = ['--log-group-name', '/aws/batch/job', '--log-stream-name', container.logStreamName];
  const { events } = aws('logs', 'get-log-events', ...stream) as { events: { message: string }[] };
  return [[status, container.exitCode], events.map(({ message }) => message)];
}

test("a user's own script and zip run in our images with the contract of Fetch & Run", async () => {
  writeFileSync(join(folder, 'mine.sh'), '#!/bin/bash\necho "hello $1 from $(id -un)"\n');
  expect(await fetchAndRun('mine.sh', 'script', ['mine.sh', 'script'])).toEqual([
    ['SUCCEEDED', 0],
    ['hello script from pipeline'],
  ]);
  const text = new TextEncoder();
  const program = '#!/usr/bin/env node\nimport { word } from "./word.mjs";\nconsole.log(word, process.argv[2]);\n';
  const members = { 'main.mjs': text.encode(program), 'word.mjs': text.encode('export const word = "hello";\n') };
  writeFileSync(join(folder, 'mine.zip'), zipSync(members));
  expect(await fetchAndRun('mine.zip', 'zip', ['main.mjs', 'zip'])).toEqual([['SUCCEEDED', 0], ['hello zip']]);
});

test('everything is in the store when Batch has forgotten it', async () => {
  await stack.control('POST', 'wipe', {});
  const run = 'first-test-pipeline-2';
  const status = await command(1, 'status', run, '--store', STORE);
  expect(status.stdout).toMatch(/broken-1 +failed: input/);
  expect((await command(0, 'logs', 'broken-1', '--run', run, '--store', STORE)).stdout).toContain('EOF block');
  await stack.takeCalls();
  await command(0, 'retry', run, '--store', STORE);
  expect((await stack.takeCalls())['batch:SubmitJob']).toBe(4);
  await command(1, 'status', run, '--watch', '--store', STORE);
});
