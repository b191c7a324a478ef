import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchClient, DescribeJobsCommand, type JobDetail, ListJobsCommand } from '@aws-sdk/client-batch';
import { ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, vi } from 'vitest';
import type { AwsStack } from '../../contract/aws-batch-stack.ts';
import { type BatchLab, openBatchLab, states } from '../../e2e/aws-batch/batch-lab.ts';
import { type StartedCli, startCli } from '../../fixtures/cli.ts';
import { type Audit, auditStore } from '../../fixtures/crash/audit-store.ts';
import { type FaultProxy, startFaultProxy } from '../../stack/s3/fault-proxy.ts';

/** See test/fixtures/pipelines/large.ts. */
const LARGE = join(import.meta.dirname, '../../fixtures/pipelines/large.ts');

/** A lab whose commands and jobs reach S3 through a proxy that can fail. */
export interface FaultLab extends BatchLab {
  proxy: FaultProxy;
  /** The `run` line of the `large` pipeline, in this image, its first step perhaps in another. */
  large: (image?: string, ofMake?: string) => string[];
  /** A command that runs while the test continues. */
  start(...args: string[]): StartedCli;
  /** The same in another environment. */
  startWith(environment: Readonly<Record<string, string>>, ...args: string[]): StartedCli;
  /** `sample: states of its tasks`, by `status --json`. */
  states(): Promise<Record<string, string>>;
  /** All plain jobs and children of the queue as Batch knows them, by `<submission>-<job>` or `<submission>-<job>:<index>`. */
  tasks(): Promise<Record<string, JobDetail>>;
  /** What lies in the store, read past everything of ours. */
  audit(): Audit;
  /** Keys of uploads in parts that were begun and neither completed nor given up. */
  openUploads(): Promise<string[]>;
  /** Puts an object into the bucket, as any client may. */
  put(key: string, body: string | Uint8Array): Promise<unknown>;
  /** Text of a published file. */
  published(step: string, sample: string): string;
  /** Every success is whole, is there once, and nothing else lies there. */
  expectSound(tasks: number): void;
}

export async function openFaultLab(stack: AwsStack, more: Readonly<Record<string, string>> = {}): Promise<FaultLab> {
  const proxy = await startFaultProxy(Number(new URL(stack.s3Endpoint).port));
  onTestFinished(() => proxy.stop());
  const endpoints = { BATCH_PIPELINE_S3_ENDPOINT: proxy.endpoint, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  const lab = await openBatchLab(stack, { ...endpoints, ...more });
  const root = join(stack.folder, 's3/data', lab.bucket, 'store');
  const audit = () => auditStore(root);
  const s3 = new S3Client({ endpoint: stack.s3Endpoint, forcePathStyle: true });
  const outputs = (step: string, sample: string) =>
    [...audit().succeeded.values()].find((record) => record.step === step && record.sample === sample)?.outputs ?? [];
  return {
    ...{ ...lab, proxy, audit },
    large: (image = `registry.test/${lab.bucket}:1`, ofMake = image) => [
      ...['run', LARGE, '--engine', 'aws-batch', '--store', lab.store, '--queue', lab.bucket],
      ...[`--image=make=${ofMake}`, ...['sum', 'sums'].map((step) => `--image=${step}=${image}`)],
    ],
    start: (...args) => startCli(args, { cwd: lab.folder, env: lab.environment }),
    startWith: (env, ...args) => startCli(args, { cwd: lab.folder, env }),
    states: async () => states(await lab.command('status', '--json', '--store', lab.store)),
    tasks: () => tasksOf(stack.endpoint, lab.bucket),
    async openUploads() {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: lab.bucket }));
      return Uploads.map(({ Key = '' }) => Key);
    },
    put: (Key, Body) => s3.send(new PutObjectCommand({ Bucket: lab.bucket, Key, Body })),
    published: (step, sample) => readFileSync(join(root, outputs(step, sample)[0]?.location ?? ''), 'utf8'),
    expectSound(tasks) {
      const { complaints, succeeded, unreferenced } = audit();
      expect([complaints, unreferenced, succeeded.size]).toEqual([[], [], tasks]);
    },
  };
}

async function tasksOf(endpoint: string, jobQueue: string): Promise<Record<string, JobDetail>> {
  const client = new BatchClient({ endpoint });
  const describe = async (ids: string[]) =>
    ids.length === 0 ? [] : ((await client.send(new DescribeJobsCommand({ jobs: ids }))).jobs ?? []);
  const filters = [{ name: 'AFTER_CREATED_AT', values: ['0'] }];
  const { jobSummaryList = [] } = await client.send(new ListJobsCommand({ jobQueue, filters }));
  const jobs = await describe(jobSummaryList.map(({ jobId = '' }) => jobId));
  const children = jobs.flatMap(({ jobId, arrayProperties: { size = 0 } = {} }) =>
    Array.from({ length: size }, (_, i) => `${jobId}:${i}`),
  );
  const all = [...jobs.filter(({ arrayProperties }) => arrayProperties === undefined), ...(await describe(children))];
  client.destroy();
  return Object.fromEntries(
    all.map((job) => {
      const name = (job.jobName ?? '').replace(/^.*-[0-9a-f]{8}-/, '');
      return [job.arrayProperties?.index === undefined ? name : `${name}:${job.arrayProperties.index}`, job];
    }),
  );
}

/** Tries that Batch made of each task. */
export function tries(tasks: Readonly<Record<string, JobDetail>>): Record<string, number> {
  return Object.fromEntries(Object.entries(tasks).map(([name, { attempts = [] }]) => [name, attempts.length]));
}

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 120_000;

/** Waits until something that can only be asked for holds. */
export async function untilSo(holds: () => boolean | Promise<boolean>): Promise<void> {
  const look = async () => expect(await holds(), holds.toString()).toBe(true);
  await vi.waitFor(look, { timeout: PATIENCE_MS, interval: 50 });
}
