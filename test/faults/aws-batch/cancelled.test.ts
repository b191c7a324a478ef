import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { filesIn } from '../../fixtures/work-folder.ts';
import { type FaultLab, openFaultLab, untilSo } from './fault-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ timeScale: 1 });
}, 900_000);
afterAll(() => stack.stop());
afterEach(async () => {
  await stack.control('DELETE', 'faults');
  await stack.control('POST', 'wipe', {});
});

const calls = async () => (await stack.control('GET', 'calls'))['calls'] as Record<string, number>;
const openJobs = async () => (await stack.control('GET', 'state'))['open'];
const SAMPLES = { S1: '1\n/never/there', S2: '1' };

/** A run in which S1 waits for ever, and S2 has finished. */
async function openRun(lab: FaultLab): Promise<void> {
  const ran = await lab.command(...lab.large(), ...lab.samples(SAMPLES));
  expect(ran.code, ran.stderr).toBe(0);
  await untilSo(() => lab.audit().succeeded.size === 2);
  await untilSo(async () => (await stack.control('GET', 'state'))['running'] === 1);
}

/** Tasks that waited for it were cancelled too, or can never start: that depends on timing. */
const STOPPED = expect.stringMatching(/^cancelled (cancelled|upstream-failed)$/);
const CANCELLED = {
  ...{ run: 'over', S1: STOPPED, S2: 'succeeded succeeded' },
  cohort: 'cancelled',
};

describe('cancel', () => {
  test('ends what runs with one call per job, with a cause that outlives Batch’s records', async () => {
    const lab = await openFaultLab(stack);
    await openRun(lab);
    await stack.takeCalls();
    const cancelled = await lab.command('cancel', '--store', lab.store);
    expect([cancelled.code, cancelled.stderr]).toEqual([0, expect.stringContaining('Run large-1 is cancelled.')]);
    expect((await stack.takeCalls())['batch:TerminateJob']).toBe(3);
    expect(await openJobs()).toBe(0);
    await stack.control('POST', 'wipe', {});
    expect(await lab.states()).toMatchObject(CANCELLED);
    const told = lab.audit().failed.map(({ step, sample, cause }) => [step, sample, cause]);
    expect(told).toContainEqual(['make', 'S1', 'cancelled']);
    const status = await lab.command('status', '--store', lab.store);
    expect(status.code).toBe(4);
    const again = await lab.command('cancel', '--store', lab.store);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('is not running')]);
    expect((await stack.takeCalls())['batch:TerminateJob']).toBeUndefined();
  });

  test('twice at once ends the same way', async () => {
    const lab = await openFaultLab(stack);
    await openRun(lab);
    const both = await Promise.all([1, 2].map(() => lab.command('cancel', '--store', lab.store)));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await openJobs()).toBe(0);
    expect(await lab.states()).toMatchObject(CANCELLED);
  });

  test('that is killed after each of its calls can be repeated', async () => {
    const lab = await openFaultLab(stack);
    for (let nth = 1; nth <= 3; nth += 1) {
      await openRun(lab);
      await stack.control('POST', 'faults', {
        action: 'batch:TerminateJob',
        kind: 'delay',
        seconds: 20,
        skip: nth - 1,
      });
      await stack.takeCalls();
      const cancelling = lab.start('cancel', '--store', lab.store);
      await untilSo(async () => (await calls())['batch:TerminateJob'] === nth);
      cancelling.process.kill('SIGKILL');
      expect((await cancelling.over).code).toBe('SIGKILL');
      await stack.control('DELETE', 'faults');
      const again = await lab.command('cancel', '--store', lab.store);
      expect(again.code, again.stderr).toBe(0);
      expect(await openJobs()).toBe(0);
      expect(await lab.states()).toMatchObject({ run: 'over', S1: STOPPED });
    }
  });

  test('that was interrupted while it waited for the jobs to end is finished by the next', async () => {
    const lab = await openFaultLab(stack);
    await openRun(lab);
    // As far as it came: the mark, and its calls.
    await lab.put('store/v1/runs/large-1/cancelled.json', '{}');
    const jobs = Object.values(await lab.tasks()).map(({ jobId = '' }) => jobId.split(':')[0] ?? '');
    for (const job of new Set(jobs)) stack.aws('batch', 'terminate-job', '--job-id', job, '--reason', 'cancelled');
    await untilSo(async () => (await openJobs()) === 0);
    const again = await lab.command('cancel', '--store', lab.store);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('Run large-1 is cancelled.')]);
    expect(filesIn(stack.folder, `**/${lab.bucket}/**/{cancelled,finished}.json`).length).toBe(2);
    await stack.control('POST', 'wipe', {});
    expect(await lab.states()).toMatchObject(CANCELLED);
    const third = await lab.command('cancel', '--store', lab.store);
    expect([third.code, third.stderr]).toEqual([0, expect.stringContaining('is not running')]);
  });

  const submitCalls = async () => (await calls())['batch:SubmitJob'] ?? 0;

  test.for<[string, object]>([
    ['and its last job is on its way', { kind: 'delay', seconds: 8, skip: 2 }],
    ['and its first job has not arrived yet', { kind: 'lose-request', count: null }],
    ['and its second job has not arrived yet', { kind: 'lose-request', count: null, skip: 1 }],
  ])('while the run is submitted %s, leaves nothing running', async ([, fault]) => {
    const lab = await openFaultLab(stack);
    await stack.control('POST', 'faults', { action: 'batch:SubmitJob', ...fault });
    await stack.takeCalls();
    const running = lab.start(...lab.large(), ...lab.samples(SAMPLES));
    await untilSo(async () => (await submitCalls()) === ('skip' in fault ? Number(fault.skip) : 0) + 1);
    const cancelled = await lab.command('cancel', '--store', lab.store);
    await stack.control('DELETE', 'faults');
    expect([cancelled.code, cancelled.stderr]).toEqual([0, expect.stringContaining('Run large-1 is cancelled.')]);
    const { code, stderr } = await running.over;
    expect([code, stderr]).toEqual([4, expect.stringContaining('Run large-1 was cancelled while it was submitted')]);
    expect(await openJobs()).toBe(0);

    const again = await lab.command('retry', '--store', lab.store);
    expect(again.code, again.stderr).toBe(0);
    await untilSo(() => lab.audit().succeeded.size === 2);
    expect((await lab.command('cancel', '--store', lab.store)).code).toBe(0);
    expect(await lab.states()).toMatchObject({ S1: STOPPED, S2: 'succeeded succeeded' });
  });
});
