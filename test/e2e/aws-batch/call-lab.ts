import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsStack } from '../../contract/aws-batch-stack.ts';
import { failureOf, type StoredObject, successOf } from '../../fixtures/attempt-objects.ts';
import { type CallCounter, startCallCounter } from '../../fixtures/call-counter.ts';
import { readManifest } from '../../../src/ledger/run-store.ts';
import { cohortKey, readSamples, readTaskTable } from '../../../src/ledger/task-table.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { type BatchLab, openBatchLab } from './batch-lab.ts';

/** A lab in which nothing really runs: what is counted is what it costs to ask for it. */
export interface CallLab extends BatchLab {
  counter: CallCounter;
  /** Flags for `count` samples, whose files lie under one prefix of their own. */
  cohort(name: string, count: number): string[];
  /** Lets every job of this run end, as if one sample of a hundred, and at least one, failed in its second step. */
  endRun(run: string): Promise<void>;
}

export async function openCallLab(stack: AwsStack): Promise<CallLab> {
  const counter = await startCallCounter(stack);
  const lab = await openBatchLab(stack, counter.environment);
  const bucketFolder = join(stack.folder, 's3/data', lab.bucket);
  return {
    ...{ ...lab, counter },
    cohort(name, count) {
      const names = Array.from({ length: count }, (_, i) => `${name}-${i}`);
      writeAll(
        bucketFolder,
        names.map((sample) => [`${name}/${sample}.txt`, `${sample}\n`]),
      );
      const list = join(lab.folder, `${name}.txt`);
      writeFileSync(list, `${names.join('\n')}\n`);
      return ['--samples', list, '--inputs', `s3://${lab.bucket}/${name}`];
    },
    endRun: (run) => endRun(stack, lab, join(bucketFolder, 'store'), run),
  };
}

/** Every hundredth, from the first on. */
function fails(index: number): boolean {
  return index % 100 === 0;
}

async function endRun(stack: AwsStack, { store: url }: BatchLab, storeFolder: string, run: string): Promise<void> {
  const store = await openStore(url, { s3: { endpoint: stack.s3Endpoint } });
  const manifest = await readManifest(store, run);
  const { pipeline } = manifest;
  const samples = await readSamples(store, manifest);
  const objects = samples.flatMap(({ name: sample, tasks }, i) => {
    const task = (step: string) => ({ pipeline, step, sample, key: tasks[step]?.key ?? '' });
    const success = (step: string): StoredObject[] => successOf(task(step), run, `${sample}.${step}`);
    if (fails(i)) return [...success('a'), failureOf(task('b'), run, 'tool')];
    return ['a', 'b', 'c'].flatMap(success);
  });
  writeAll(storeFolder, objects);
  // The gather's key tells who is missing.
  const { rows } = await readTaskTable(store, manifest);
  for (const step of manifest.steps.filter(({ scope }) => scope === 'cohort')) {
    const task = { pipeline, step: step.name, sample: 'cohort', key: cohortKey(manifest, step, rows) };
    writeAll(storeFolder, successOf(task, run, 'list.txt'));
  }
  for (const index of samples.keys().filter(fails))
    await stack.control('POST', 'outcomes', { jobName: '*-0-b-*', index, exitCode: 1 });
  await stack.control('POST', 'settings', { fake: 'instant' });
  await stack.control('POST', 'finish', {});
  while ((await stack.control('GET', 'state'))['open'] !== 0) await sleep(100);
  await stack.control('DELETE', 'outcomes');
  await stack.control('POST', 'settings', { fake: 'manual' });
}

/** Straight into the S3 server's folder: a request each would take minutes for 10,000 samples. */
function writeAll(folder: string, objects: readonly StoredObject[]): void {
  for (const [key, body] of objects) {
    const path = join(folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  }
}
