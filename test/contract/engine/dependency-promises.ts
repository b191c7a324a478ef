import { expect } from 'vitest';
import type { Promised } from '../engine-contract.ts';
import { statesOf } from './engine-lab.ts';

/** What waits for what, and for nothing else. */
export function dependencyPromises(promised: Promised): void {
  promised('starts a step for one sample before the step before has ended for another', async (lab) => {
    const run = await lab.start({ S1: {}, S2: { first: 'wait:go' }, S3: {} });
    // Were there a barrier between the steps, this would never happen.
    await lab.happened('second.S1.1.end');
    await lab.happened('second.S3.1.end');
    expect(lab.marks('end')).not.toContain('first.S2.1.end');
    lab.release('go');
    expect((await run.over()).summary).toMatchObject({ samples: 3, succeeded: 3, failed: 0 });
    for (const sample of ['S1', 'S2', 'S3']) {
      expect(lab.time(`first.${sample}.1.start`)).toBeGreaterThan(lab.time('reference.cohort.1.end'));
      expect(lab.time(`second.${sample}.1.start`)).toBeGreaterThan(lab.time(`first.${sample}.1.end`));
      expect(lab.time('gather.cohort.1.start')).toBeGreaterThan(lab.time(`second.${sample}.1.end`));
    }
  });

  promised('holds up the successors of a failed task, and nobody else', async (lab) => {
    const run = await lab.start({ S1: {}, S2: { first: 'fail:check' }, S3: {}, S4: { second: 'fail:input' } });
    const { table, summary } = await run.over();
    expect(statesOf(table)).toEqual({
      S1: ['succeeded', 'succeeded'],
      S2: ['failed: check', 'upstream-failed'],
      S3: ['succeeded', 'succeeded'],
      S4: ['succeeded', 'failed: input'],
      cohort: ['succeeded', 'succeeded'],
    });
    expect(summary).toMatchObject({ samples: 4, succeeded: 2, failed: 2 });
    expect(lab.marks('start')).toEqual([
      ...['first.S1.1.start', 'first.S2.1.start', 'first.S3.1.start', 'first.S4.1.start', 'gather.cohort.1.start'],
      ...['reference.cohort.1.start', 'second.S1.1.start', 'second.S3.1.start', 'second.S4.1.start'],
    ]);
  });

  promised('gathers once all is over, whatever became of it', async (lab) => {
    const run = await lab.start({ S1: { second: 'wait:go' }, S2: { first: 'fail' }, S3: { second: 'fail' } });
    await lab.happened('second.S1.1.start');
    await lab.happened('second.S3.1.start');
    expect(lab.marks('start')).not.toContain('gather.cohort.1.start');
    lab.release('go');
    await run.over();
    expect(lab.time('gather.cohort.1.start')).toBeGreaterThan(lab.time('second.S1.1.end'));
    const [record] = await lab.records('gather');
    const text = new TextDecoder().decode(await lab.store.read(record?.outputs[0]?.location ?? ''));
    expect(text).toBe('reference\ntext of S1\nfirst S1\nsecond S1\nS2: tool\nS3: tool\n');
  });

  promised('starts nothing of a job after success if a task before it failed', async (lab) => {
    // As the planner would do for a gather that requires every task to succeed.
    const change = (job: Parameters<NonNullable<Parameters<typeof lab.start>[1]>['change'] & object>[0]) =>
      job.step === 'gather'
        ? { ...job, dependsOn: job.dependsOn.map((on) => ({ ...on, type: 'SUCCESS' as const })) }
        : job;
    const failed = await lab.start({ S1: {}, S2: { second: 'fail' } }, { change });
    await failed.over();
    expect(lab.marks('start')).not.toContain('gather.cohort.1.start');
    expect((await lab.engine.poll([failed.jobOf('gather')]))[0]).toMatchObject({
      state: 'failed',
      counts: { failed: 1, succeeded: 0 },
    });
    const good = await lab.start({ S3: {}, S4: { second: 'wait:go' } }, { change });
    await lab.happened('second.S3.1.end');
    expect(lab.marks('start')).not.toContain('gather.cohort.1.start');
    lab.release('go');
    await good.over();
    expect(lab.time('gather.cohort.1.start')).toBeGreaterThan(lab.time('second.S4.1.end'));
  });

  promised('starts no sample if what all of them need failed', async (lab) => {
    const run = await lab.start({ S1: {}, S2: {} }, { reference: 'fail:input' });
    const { table } = await run.over();
    expect(lab.marks('start').filter((mark) => /^(first|second)/.test(mark))).toEqual([]);
    expect(statesOf(table)).toMatchObject({
      S1: ['upstream-failed', 'upstream-failed'],
      S2: ['upstream-failed', 'upstream-failed'],
    });
    expect(table.cohort.tasks['reference']).toEqual({ state: 'failed', cause: 'input' });
  });

  promised('runs one sample as plain jobs', async (lab) => {
    const run = await lab.start({ S1: {} });
    expect(run.submitted.map(({ job }) => job.size)).toEqual([1, 1, 1, 1]);
    const { table } = await run.over();
    expect(statesOf(table)).toEqual({ S1: ['succeeded', 'succeeded'], cohort: ['succeeded', 'succeeded'] });
    expect((await lab.records('first')).map(({ index }) => index)).toEqual([0]);
  });

  promised('takes jobs in the order of their needs, under names of their own', async ({ engine, start }) => {
    const run = await start({ S1: {}, S2: {} });
    expect(new Set(run.jobIds).size).toBe(4);
    const job = { name: 'orphan-job', step: 'first', size: 2, image: undefined, attempts: 1, rank: 0, environment: {} };
    const resources = { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 60 };
    const submit = engine.submit({ ...job, resources }, [{ jobId: '999999', type: 'N_TO_N' }]);
    await expect(submit).rejects.toThrow(/999999/);
    expect((await run.over()).summary).toMatchObject({ succeeded: 2, failed: 0 });
  });
}
