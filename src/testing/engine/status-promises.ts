import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobStatus } from '../../engine/engine.ts';
import type { JobDocument } from '../../record/manifest.ts';
import { engineJob } from '../../run/engine-job.ts';
import { matches } from '../contract-case.ts';
import { type EnginePromise, total, until } from './engine-lab.ts';

const NONE = { pending: 0, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 };

/** What an engine reports about itself and its jobs. */
export const statusPromises: readonly EnginePromise[] = [
  {
    name: 'says what it can do',
    holds: async ({ engine }) => {
      const limits = await engine.limits();
      equal(Number.isInteger(limits.maxArraySize) && limits.maxArraySize >= 2, true);
      ok(limits.pollIntervalMs > 0);
      deepEqual([typeof limits.afterAny, typeof limits.detached], ['boolean', 'boolean']);
      // The answer is stable, since plans depend on it.
      deepEqual(await engine.limits(), limits);
    },
  },

  {
    name: 'refuses needs that it can never meet, and only those',
    holds: async ({ engine }) => {
      const modest = { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 60 };
      const need = (step: string, more: object) => ({ step, resources: { ...modest, ...more }, image: undefined });
      const needs = [need('modest', {}), need('wide', { cpus: 100_000 }), need('big', { memoryMiB: 1_000_000_000 })];
      const errors = (await engine.check(needs)).filter(({ level }) => level === 'error');
      const about = (step: string) => errors.filter(({ subject, message }) => `${subject} ${message}`.includes(step));
      notDeepEqual(about('wide'), []);
      notDeepEqual(about('big'), []);
      deepEqual(about('modest'), []);
      deepEqual(
        (await engine.check(needs.slice(0, 1))).filter(({ level }) => level === 'error'),
        [],
      );
    },
  },

  {
    name: 'knows nothing of a job that it was never given',
    holds: async ({ engine, ...lab }) => {
      const run = await lab.start({ S1: {} });
      await run.over();
      const { jobIds } = run;
      const statuses = await engine.poll(['999999', ...jobIds]);
      deepEqual(
        statuses.map(({ jobId }) => jobId),
        ['999999', ...jobIds],
      );
      deepEqual(
        statuses.map(({ state }) => state),
        ['unknown', ...jobIds.map(() => 'succeeded')],
      );
      deepEqual(statuses[0]?.counts, NONE);
      deepEqual(await engine.verdicts('999999', [0]), []);
      equal(await engine.log('999999', 0), undefined);
      deepEqual([...(await engine.find(['never-submitted']))], []);
      await engine.cancel(['999999'], 'nothing to cancel');
    },
  },

  {
    name: 'counts every task at every poll',
    holds: async ({ engine, ...lab }) => {
      const run = await lab.start({ S1: { first: 'wait:go' }, S2: { second: 'fail' }, S3: { first: 'fail' } });
      const seen: JobStatus[][] = [];
      const look = async () => {
        const statuses = await engine.poll(run.jobIds);
        seen.push(statuses);
        return statuses;
      };
      await look();
      await lab.happened('first.S1.1.start');
      await look();
      lab.release('go');
      await run.over((event) => event.kind === 'progress' && void look());
      const last = await look();
      const sizes = run.submitted.map(({ job }) => job.size);
      for (const statuses of seen)
        deepEqual(
          statuses.map(({ counts }) => total(counts)),
          sizes,
        );
      const { afterAny } = await engine.limits();
      deepEqual(
        last.map(({ state, counts }) => [state, counts.succeeded, counts.failed]),
        [
          ['succeeded', 1, 0],
          ['failed', 2, 1],
          ['failed', 1, 2],
          // Where no job can wait for "over", this one waited for success, and another one gathered.
          afterAny ? ['succeeded', 1, 0] : ['failed', 0, 1],
        ],
      );
    },
  },

  {
    name: 'finds, counts and takes dependants of jobs of which nothing has started',
    holds: async (lab) => {
      const { engine } = lab;
      const run = await lab.start({ S1: {}, S2: {} }, { reference: 'wait:go' });
      const waiting = run.submitted.filter(({ job }) => job.step !== 'reference');
      const [second] = waiting.filter(({ job }) => job.step === 'second');
      const again = engineJob(lab.store, run.manifest, second?.job as JobDocument);
      const late = { ...again, name: `${again.name}-late` };
      const lateId = await engine.submit(late, [{ jobId: second?.jobId ?? '', type: 'N_TO_N' }]);
      const statuses = await engine.poll([...waiting.map(({ jobId }) => jobId), lateId]);
      deepEqual(
        statuses.map(({ counts: { pending, runnable } }) => pending + runnable),
        [...waiting.map(({ job }) => job.size), 2],
      );
      const { detached } = await engine.limits();
      if (detached) equal((await engine.find([late.name])).get(late.name), lateId);
      lab.release('go');
      matches((await run.over()).summary, { succeeded: 2, failed: 0 });
      await until(async () => (await engine.poll([lateId]))[0]?.counts.succeeded === 2, `job ${lateId}`);
      // Its tasks found their results in the store.
      ok(!lab.marks('start').includes('second.S1.2.start'));
    },
  },

  {
    name: 'gives every task the environment of its job',
    holds: async (lab) => {
      const environment = { CONTRACT_NOTE: `two words, "quoted" and 'so'; $HOME \\ #*` };
      const samples = { S1: { first: 'note:CONTRACT_NOTE' }, S2: { first: 'note:CONTRACT_NOTE' } };
      const run = await lab.start(samples, { environment });
      matches((await run.over()).summary, { succeeded: 2, failed: 0 });
      const { detached } = await lab.engine.limits();
      // An engine that is not detached may keep a runner for tasks of several jobs: it has got what runners read.
      for (const sample of detached ? ['S1', 'S2'] : [])
        equal(readFileSync(join(lab.folder, `first.${sample}.1.CONTRACT_NOTE`), 'utf8'), environment.CONTRACT_NOTE);
    },
  },
];
