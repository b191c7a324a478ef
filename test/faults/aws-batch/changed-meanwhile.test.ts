import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BatchClient,
  DeleteJobQueueCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type FaultLab, openFaultLab, tries, untilSo } from './fault-lab.ts';

let stack: AwsStack;
let batch: BatchClient;
beforeAll(() => {
  stack = startAwsStack({ timeScale: 1 });
  batch = new BatchClient({ endpoint: stack.endpoint });
}, 900_000);
afterAll(() => {
  batch.destroy();
  stack.stop();
});
afterEach(async () => {
  await stack.control('POST', 'settings', { slots: 8 });
  await stack.control('POST', 'wipe', {});
});

const FAST_CLOCK = join(import.meta.dirname, '../../fixtures/fast-clock.mjs');

/** Submits a run of two samples of which nothing starts before it may. */
async function submitted(lab: FaultLab): Promise<string[]> {
  await stack.control('POST', 'settings', { slots: 0 });
  const flags = [...lab.large(), ...lab.samples({ S1: '1', S2: '1' })];
  const ran = await lab.command(...flags);
  expect(ran.code, ran.stderr).toBe(0);
  return flags;
}

const watched = async (lab: FaultLab) => {
  await stack.control('POST', 'settings', { slots: 8 });
  return lab.command('status', '--watch', '--store', lab.store);
};

test('an instance that Spot reclaims costs one attempt, and doubles nothing', async () => {
  const lab = await openFaultLab(stack);
  const go = join(lab.folder, 'go');
  expect((await lab.command(...lab.large(), ...lab.samples({ S1: `1\n${go}`, S2: '1' }))).code).toBe(0);
  await untilSo(() => lab.audit().succeeded.size === 2);
  const { jobId = '' } = (await lab.tasks())['0-make-0-0:0'] ?? {};
  await untilSo(async () => (await lab.command('logs', 'S1', '--store', lab.store)).stdout.includes('waiting for'));
  expect(await stack.control('POST', 'reclaim', { jobs: [jobId] })).toEqual({ reclaimed: [jobId] });
  await untilSo(async () => (await lab.tasks())['0-make-0-0:0']?.attempts?.length === 1);
  writeFileSync(go, '');
  const { code, stdout } = await watched(lab);
  expect(code, stdout).toBe(0);
  const tasks = await lab.tasks();
  expect(tries(tasks)).toMatchObject({ '0-make-0-0:0': 2, '0-make-0-0:1': 1, '0-sum-0-0:0': 1, '0-sums': 1 });
  expect(tasks['0-make-0-0:0']?.attempts?.[0]?.statusReason).toMatch(/^Host EC2/);
  lab.expectSound(5);
  expect(lab.audit().failed).toEqual([]);
});

test('an input changed after the plan is not mistaken for the planned one', async () => {
  const lab = await openFaultLab(stack);
  const flags = await submitted(lab);
  await lab.put('in/S1.txt', '2\n');
  const { code, stdout } = await watched(lab);
  expect(code, stdout).toBe(1);
  expect(await lab.states()).toMatchObject({
    S1: 'input upstream-failed',
    S2: 'succeeded succeeded',
    cohort: 'succeeded',
  });
  expect(tries(await lab.tasks())).toMatchObject({ '0-make-0-0:0': 1, '0-make-0-0:1': 1 });
  const logs = await lab.command('logs', 'S1', '--store', lab.store);
  expect(logs.stderr).toContain(`s3://${lab.bucket}/in/S1.txt is not the file that the run was planned with`);
  const again = await lab.command(...flags, '--watch');
  expect(again.code, again.stderr).toBe(0);
  expect(lab.published('make', 'S1').length).toBeGreaterThanOrEqual(2 * 1024 * 1024);
});

describe('a program that is', () => {
  const folder = (lab: FaultLab) => join(stack.folder, 's3/data', lab.bucket, 'store/v1/bundles');

  test.for<[string, RegExp, (lab: FaultLab, name: string, bytes: number) => unknown]>([
    ['removed from the bucket', /There is no such object/, (lab, name) => rmSync(join(folder(lab), name))],
    [
      'changed in the bucket',
      /The content has checksum [0-9a-f]{64}, but [0-9a-f]{64} is expected/,
      (lab, name, bytes) => lab.put(`store/v1/bundles/${name}`, Buffer.alloc(bytes, 'x')),
    ],
  ])('%s is not run, the log says so, and retry restores it', async ([, words, spoil]) => {
    const lab = await openFaultLab(stack);
    await submitted(lab);
    // The other one is the code alone.
    const size = (zip: string) => statSync(join(folder(lab), zip)).size;
    const [name = ''] = readdirSync(folder(lab)).toSorted((a, b) => size(b) - size(a));
    const good = readFileSync(join(folder(lab), name));
    await spoil(lab, name, good.length);
    const { code, stdout } = await watched(lab);
    expect(code, stdout).toBe(1);
    expect(await lab.states()).toMatchObject({ S1: 'start upstream-failed', S2: 'start upstream-failed' });
    const tasks = await lab.tasks();
    // Another try would meet the same.
    expect(tries(tasks)).toMatchObject({ '0-make-0-0:0': 1, '0-make-0-0:1': 1, '0-sum-0-0:0': 0 });
    expect(tasks['0-make-0-0:0']?.container?.exitCode).toBe(3);
    const logs = await lab.command('logs', 'S1', '--store', lab.store);
    expect([logs.code, logs.stdout]).toEqual([0, expect.stringMatching(words)]);
    const retried = await lab.command('retry', '--watch', '--store', lab.store);
    expect(retried.code, retried.stderr).toBe(0);
    expect(readFileSync(join(folder(lab), name)).equals(good)).toBe(true);
    expect(lab.audit().complaints).toEqual([]);
  });
});

describe('a queue from which nothing starts any more', () => {
  const disable = (lab: FaultLab) =>
    batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: lab.bucket, state: 'DISABLED' }));
  const remove = async (lab: FaultLab) => {
    await batch.send(new UpdateJobQueueCommand({ jobQueue: lab.bucket, state: 'DISABLED' }));
    await batch.send(new DeleteJobQueueCommand({ jobQueue: lab.bucket }));
  };

  test.for<[string, (lab: FaultLab) => Promise<unknown>, RegExp]>([
    [
      'since its environment is disabled',
      disable,
      /Nothing starts: no compute environment of queue lab-\d+ can be used: lab-\d+ is disabled\./,
    ],
    ['since it was removed', remove, /Nothing starts: the job queue no longer exists\./],
  ])('%s is explained by --watch after ten minutes', async ([, spoil, words]) => {
    const lab = await openFaultLab(stack);
    await submitted(lab);
    await spoil(lab);
    const once = await lab.command('status', '--store', lab.store);
    expect([once.code, once.stdout]).toEqual([4, expect.not.stringContaining('Nothing starts')]);
    const watching = lab.startWith(
      { ...lab.environment, NODE_OPTIONS: `--import ${FAST_CLOCK}` },
      'status',
      '--watch',
      '--store',
      lab.store,
    );
    await watching.printed(words);
    watching.process.kill('SIGKILL');
    await watching.over;
    const cancelled = await lab.command('cancel', '--store', lab.store);
    expect(cancelled.code, cancelled.stderr).toBe(0);
  });
});
