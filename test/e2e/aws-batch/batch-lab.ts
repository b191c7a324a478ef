import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CliResult, runCli } from '../../fixtures/cli.ts';
import type { AwsStack } from '../../contract/aws-batch-stack.ts';

/** The pipeline whose samples say what goes wrong. */
export const NEEDS = join(import.meta.dirname, '../../fixtures/pipelines/needs.ts');
const AWS = join(import.meta.dirname, '../../../.cache/aws-venv/bin/aws');

let labs = 0;

/** A bucket with a queue of the same name, and the command as a user has it. */
export interface BatchLab {
  bucket: string;
  /** `s3://BUCKET/store` */
  store: string;
  /** A folder for the test's own files. */
  folder: string;
  /** `batch-pipeline ARGS…` in that folder. */
  command(...args: string[]): Promise<CliResult>;
  /** Flags of `run` that name store, queue, images and this pipeline. */
  run: string[];
  /** Puts one text per sample into the bucket's `in` folder; returns `--samples` and `--inputs`. */
  samples(wishes: Readonly<Record<string, string>>): string[];
  /** The AWS command line: a client that is not ours. */
  aws(...args: string[]): unknown;
  environment: Readonly<Record<string, string>>;
}

export async function openBatchLab(stack: AwsStack, more: Readonly<Record<string, string>> = {}): Promise<BatchLab> {
  const bucket = `lab-${(labs += 1)}`;
  const folder = mkdtempSync(join(stack.folder, 'lab-'));
  stack.makeBucket(bucket);
  await stack.makeQueue(bucket);
  const store = `s3://${bucket}/store`;
  const environment = {
    ...stack.environment,
    BATCH_PIPELINE_BATCH_ENDPOINT: stack.endpoint,
    BATCH_PIPELINE_POLL_SECONDS: '0.2',
    ...more,
  };
  // A separate image leads to separate job definitions.
  const images = ['a', 'b', 'c', 'all'].flatMap((step) => ['--image', `${step}=registry.test/${bucket}:1`]);
  return {
    ...{ bucket, store, folder, environment },
    command: (...args) => runCli(args, { cwd: folder, env: environment }),
    run: ['run', NEEDS, '--engine', 'aws-batch', '--store', store, '--queue', bucket, ...images],
    samples(wishes) {
      const inputs = join(stack.folder, 's3/data', bucket, 'in');
      mkdirSync(inputs, { recursive: true });
      for (const [sample, wish] of Object.entries(wishes)) writeFileSync(join(inputs, `${sample}.txt`), `${wish}\n`);
      return ['--samples', Object.keys(wishes).join(','), '--inputs', `s3://${bucket}/in`];
    },
    aws: (...args) =>
      JSON.parse(execFileSync(AWS, args, { env: { ...process.env, ...environment }, encoding: 'utf8' }) || 'null'),
  };
}

interface Status {
  state: string;
  samples: { sample: string; tasks: Record<string, { state: string; cause?: string }> }[];
  cohort: { tasks: Record<string, { state: string; cause?: string }> };
}

/** Sample to the states of its tasks, and the run's: `S1: succeeded tool upstream-failed`. */
export function states(status: CliResult): Record<string, string> {
  const { state, samples, cohort } = JSON.parse(status.stdout) as Status;
  const text = (tasks: Status['cohort']['tasks']) =>
    Object.values(tasks)
      .map((task) => task.cause ?? task.state)
      .join(' ');
  return {
    run: state,
    ...Object.fromEntries(samples.map(({ sample, tasks }) => [sample, text(tasks)])),
    cohort: text(cohort.tasks),
  };
}
