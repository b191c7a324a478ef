import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { matches } from '../contract-case.ts';
import { statesOf, type EnginePromise } from './engine-lab.ts';

/** What waits for what, and for nothing else. */
export const dependencyPromises: readonly EnginePromise[] = [
  {
    name: 'starts a step for one sample before the step before has ended for another',
    holds: async (lab) => {
      const run = await lab.start({ S1: {}, S2: { first: 'wait:go' }, S3: {} });
      // Were there a barrier between the steps, this would never happen.
      await lab.happened('second.S1.1.end');
      await lab.happened('second.S3.1.end');
      ok(!lab.marks('end').includes('first.S2.1.end'));
      lab.release('go');
      matches((await run.over()).summary, { samples: 3, succeeded: 3, failed: 0 });
      for (const sample of ['S1', 'S2', 'S3']) {
        ok(lab.time(`first.${sample}.1.start`) > lab.time('reference.cohort.1.end'));
        ok(lab.time(`second.${sample}.1.start`) > lab.time(`first.${sample}.1.end`));
        ok(lab.time('gather.cohort.1.start') > lab.time(`second.${sample}.1.end`));
      }
    },
  },

  {
    name: 'holds up the successors of a failed task, and no other task',
    holds: async (lab) => {
      const run = await lab.start({ S1: {}, S2: { first: 'fail:check' }, S3: {}, S4: { second: 'fail:input' } });
      const { table, summary } = await run.over();
      deepEqual(statesOf(table), {
        S1: ['succeeded', 'succeeded'],
        S2: ['failed: check', 'upstream-failed'],
        S3: ['succeeded', 'succeeded'],
        S4: ['succeeded', 'failed: input'],
        cohort: ['succeeded', 'succeeded'],
      });
      matches(summary, { samples: 4, succeeded: 2, failed: 2 });
      deepEqual(lab.marks('start'), [
        ...['first.S1.1.start', 'first.S2.1.start', 'first.S3.1.start', 'first.S4.1.start', 'gather.cohort.1.start'],
        ...['reference.cohort.1.start', 'second.S1.1.start', 'second.S3.1.start', 'second.S4.1.start'],
      ]);
    },
  },

  {
    name: 'gathers once every other task has ended, whatever its outcome',
    holds: async (lab) => {
      const run = await lab.start({ S1: { second: 'wait:go' }, S2: { first: 'fail' }, S3: { second: 'fail' } });
      await lab.happened('second.S1.1.start');
      await lab.happened('second.S3.1.start');
      ok(!lab.marks('start').includes('gather.cohort.1.start'));
      lab.release('go');
      await run.over();
      ok(lab.time('gather.cohort.1.start') > lab.time('second.S1.1.end'));
      const [record] = await lab.records('gather');
      const text = new TextDecoder().decode(await lab.store.read(record?.outputs[0]?.location ?? ''));
      equal(text, 'reference\ntext of S1\nfirst S1\nsecond S1\nS2: tool\nS3: tool\n');
    },
  },

  {
    name: 'starts nothing of a job after success if a task before it failed',
    holds: async (lab) => {
      // As the planner would do for a gather that requires every task to succeed.
      const change = (job: Parameters<NonNullable<Parameters<typeof lab.start>[1]>['change'] & object>[0]) =>
        job.step === 'gather'
          ? { ...job, dependsOn: job.dependsOn.map((on) => ({ ...on, type: 'SUCCESS' as const })) }
          : job;
      const failed = await lab.start({ S1: {}, S2: { second: 'fail' } }, { change });
      await failed.over();
      ok(!lab.marks('start').includes('gather.cohort.1.start'));
      matches((await lab.engine.poll([failed.jobOf('gather')]))[0], {
        state: 'failed',
        counts: { failed: 1, succeeded: 0 },
      });
      const good = await lab.start({ S3: {}, S4: { second: 'wait:go' } }, { change });
      await lab.happened('second.S3.1.end');
      ok(!lab.marks('start').includes('gather.cohort.1.start'));
      lab.release('go');
      await good.over();
      ok(lab.time('gather.cohort.1.start') > lab.time('second.S4.1.end'));
    },
  },

  {
    name: 'starts no sample if what all of them need failed',
    holds: async (lab) => {
      const run = await lab.start({ S1: {}, S2: {} }, { reference: 'fail:input' });
      const { table } = await run.over();
      deepEqual(
        lab.marks('start').filter((mark) => /^(first|second)/.test(mark)),
        [],
      );
      matches(statesOf(table), {
        S1: ['upstream-failed', 'upstream-failed'],
        S2: ['upstream-failed', 'upstream-failed'],
      });
      deepEqual(table.cohort.tasks['reference'], { state: 'failed', cause: 'input' });
    },
  },

  {
    name: 'runs one sample as plain jobs',
    holds: async (lab) => {
      const run = await lab.start({ S1: {} });
      deepEqual(
        run.submitted.map(({ job }) => job.size),
        [1, 1, 1, 1],
      );
      const { table } = await run.over();
      deepEqual(statesOf(table), { S1: ['succeeded', 'succeeded'], cohort: ['succeeded', 'succeeded'] });
      deepEqual(
        (await lab.records('first')).map(({ index }) => index),
        [0],
      );
    },
  },

  {
    name: 'takes jobs in the order of their needs, under names of their own',
    holds: async ({ engine, ...lab }) => {
      const run = await lab.start({ S1: {}, S2: {} });
      equal(new Set(run.jobIds).size, 4);
      const job = {
        name: 'orphan-job',
        step: 'first',
        size: 2,
        image: undefined,
        attempts: 1,
        rank: 0,
        environment: {},
      };
      const resources = { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 60 };
      const submit = engine.submit({ ...job, resources }, [{ jobId: '999999', type: 'N_TO_N' }]);
      await rejects(submit, /999999/);
      matches((await run.over()).summary, { succeeded: 2, failed: 0 });
    },
  },
];
