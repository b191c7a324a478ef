import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type BatchLab, NEEDS, openBatchLab, states } from './batch-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack();
}, 900_000);
afterAll(() => stack.stop());

/** A run whose jobs have all ended without doing anything; what is left of it is its plan, and its bundle. */
async function plannedRun(lab: BatchLab): Promise<string> {
  await stack.control('POST', 'outcomes', { jobName: '*', exitCode: 1 });
  lab.samples({ S1: 'one', S2: 'two', S3: 'three' });
  const images = ['a', 'b', 'c', 'all'].map((step) => `--image=${step}=registry.test/needs:1`);
  const where = [`--queue=${lab.bucket}`, `--bucket-name=${lab.bucket}`, `--inputs=s3://${lab.bucket}/in`];
  const ran = await lab.command('run', NEEDS, '--samples', 'S1,S2,S3', ...where, ...images);
  expect(ran.code, ran.stderr).toBe(0);
  await overAll();
  await stack.control('DELETE', 'outcomes');
  const listed = lab.aws('s3api', 'list-objects-v2', '--bucket', lab.bucket, '--prefix', 'v1/bundles/');
  // The other one is the code alone.
  const [bundle] = (listed as { Contents: { Key: string; Size: number }[] }).Contents.toSorted(
    (a, b) => b.Size - a.Size,
  );
  return `s3://${lab.bucket}/${bundle?.Key}`;
}

async function overAll(): Promise<void> {
  while ((await stack.control('GET', 'state'))['open'] !== 0) await sleep(100);
}

/** Registers a definition as the original's was, with our bundle in the place of its script. */
function define(lab: BatchLab, bundle: string): void {
  const containerProperties = {
    image: 'registry.test/needs:1',
    environment: [
      { name: 'BATCH_FILE_TYPE', value: 'zip' },
      { name: 'BATCH_FILE_S3_URL', value: bundle },
    ],
    resourceRequirements: [
      { type: 'VCPU', value: '1' },
      { type: 'MEMORY', value: '512' },
    ],
  };
  const definition = { jobDefinitionName: 'original', type: 'container', containerProperties };
  lab.aws('batch', 'register-job-definition', '--cli-input-json', JSON.stringify(definition));
}

interface Submission {
  size?: number;
  after?: string;
  variables: Readonly<Record<string, string>>;
}

/** Submits a step by the AWS command line, as the original's main.py did; returns the job's id. */
function submit(lab: BatchLab, step: string, { size, after, variables }: Submission): string {
  const names = { BUCKET_NAME: lab.bucket, PIPELINE_NAME: 'needs', ...variables };
  const input = {
    ...{ jobName: step, jobQueue: lab.bucket, jobDefinition: 'original' },
    ...(size === undefined ? {} : { arrayProperties: { size } }),
    ...(after === undefined ? {} : { dependsOn: [{ jobId: after, type: 'N_TO_N' }] }),
    containerOverrides: {
      command: ['runner.mjs', step],
      environment: Object.entries(names).map(([name, value]) => ({ name, value })),
    },
  };
  return (lab.aws('batch', 'submit-job', '--cli-input-json', JSON.stringify(input)) as { jobId: string }).jobId;
}

function jobStatus(lab: BatchLab, job: string): string | undefined {
  const { jobs } = lab.aws('batch', 'describe-jobs', '--jobs', job) as { jobs: { status: string }[] };
  return jobs[0]?.status;
}

test("a job definition of the original's kind runs samples by LIST_OF_SAMPLES and by SAMPLE_NAME", async () => {
  const lab = await openBatchLab(stack);
  define(lab, await plannedRun(lab));
  const list = { size: 3, variables: { LIST_OF_SAMPLES: 'S3,S1,S2' } };
  const a = submit(lab, 'a', list);
  const b = submit(lab, 'b', { ...list, after: a });
  await overAll();
  expect([jobStatus(lab, a), jobStatus(lab, b)]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  const c = submit(lab, 'c', { variables: { SAMPLE_NAME: 'S2' } });
  await overAll();
  expect(jobStatus(lab, c)).toBe('SUCCEEDED');
  const store = ['--store', `s3://${lab.bucket}`];
  expect(states(await lab.command('status', '--json', ...store))).toMatchObject({
    S1: expect.stringMatching(/^succeeded succeeded (?!succeeded)/),
    S2: 'succeeded succeeded succeeded',
    S3: expect.stringMatching(/^succeeded succeeded (?!succeeded)/),
  });
  const results = await lab.command('results', ...store, '--step', 'a', '--verify');
  expect(results.code, results.stderr).toBe(0);
});

test('an unknown sample or step is reported in the log of the job', async () => {
  const lab = await openBatchLab(stack);
  define(lab, await plannedRun(lab));
  const logs = (job: string): string => {
    const { jobs } = lab.aws('batch', 'describe-jobs', '--jobs', job) as {
      jobs: { status: string; container: { logStreamName: string } }[];
    };
    expect(jobs[0]?.status).toBe('FAILED');
    const stream = ['--log-stream-name', jobs[0]?.container.logStreamName ?? ''];
    const answer = lab.aws('logs', 'get-log-events', '--log-group-name', '/aws/batch/job', ...stream);
    return (answer as { events: { message: string }[] }).events.map(({ message }) => message).join('\n');
  };
  const stranger = submit(lab, 'a', { variables: { SAMPLE_NAME: 'S9' } });
  const noStep = submit(lab, 'z', { variables: { SAMPLE_NAME: 'S1' } });
  await overAll();
  expect(logs(stranger)).toBe('batch-pipeline: Run needs-1 has no sample "S9"');
  expect(logs(noStep)).toBe('batch-pipeline: There is no step "z" (Steps: a, b, c.)');
});
