import { expect } from 'vitest';
import type { JobStatus } from '../../../src/engine/engine.ts';
import type { Promised } from '../engine-contract.ts';
import { total } from './engine-lab.ts';

const NONE = { pending: 0, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 };

/** What an engine reports about itself and its jobs. */
export function statusPromises(promised: Promised): void {
  promised('says what it can do', async ({ engine }) => {
    const limits = await engine.limits();
    expect(Number.isInteger(limits.maxArraySize) && limits.maxArraySize >= 2).toBe(true);
    expect(limits.pollIntervalMs).toBeGreaterThan(0);
    expect([typeof limits.afterAny, typeof limits.detached]).toEqual(['boolean', 'boolean']);
    // The answer is stable, since plans depend on it.
    expect(await engine.limits()).toEqual(limits);
  });

  promised('refuses needs that it can never meet, and only those', async ({ engine }) => {
    const modest = { cpus: 1, memoryMiB: 100, scratchMiB: 1, timeLimitSeconds: 60 };
    const need = (step: string, more: object) => ({ step, resources: { ...modest, ...more }, image: undefined });
    const needs = [need('modest', {}), need('wide', { cpus: 100_000 }), need('big', { memoryMiB: 1_000_000_000 })];
    const errors = (await engine.check(needs)).filter(({ level }) => level === 'error');
    const about = (step: string) => errors.filter(({ subject, message }) => `${subject} ${message}`.includes(step));
    expect(about('wide')).not.toEqual([]);
    expect(about('big')).not.toEqual([]);
    expect(about('modest')).toEqual([]);
    expect((await engine.check(needs.slice(0, 1))).filter(({ level }) => level === 'error')).toEqual([]);
  });

  promised('knows nothing of a job that it was never given', async ({ engine, start }) => {
    const { jobIds, over } = await start({ S1: {} });
    await over();
    const statuses = await engine.poll(['999999', ...jobIds]);
    expect(statuses.map(({ jobId }) => jobId)).toEqual(['999999', ...jobIds]);
    expect(statuses.map(({ state }) => state)).toEqual(['unknown', ...jobIds.map(() => 'succeeded')]);
    expect(statuses[0]?.counts).toEqual(NONE);
    expect(await engine.verdicts('999999', [0])).toEqual([]);
    expect(await engine.log('999999', 0)).toBeUndefined();
    expect([...(await engine.find(['never-submitted']))]).toEqual([]);
    await engine.cancel(['999999'], 'nothing to cancel');
  });

  promised('counts every task at every poll', async ({ engine, start, release, happened }) => {
    const run = await start({ S1: { first: 'wait:go' }, S2: { second: 'fail' }, S3: { first: 'fail' } });
    const seen: JobStatus[][] = [];
    const look = async () => {
      const statuses = await engine.poll(run.jobIds);
      seen.push(statuses);
      return statuses;
    };
    await look();
    await happened('first.S1.1.start');
    await look();
    release('go');
    await run.over((event) => event.kind === 'progress' && void look());
    const last = await look();
    const sizes = run.submitted.map(({ job }) => job.size);
    for (const statuses of seen) expect(statuses.map(({ counts }) => total(counts))).toEqual(sizes);
    const { afterAny } = await engine.limits();
    expect(last.map(({ state, counts }) => [state, counts.succeeded, counts.failed])).toEqual([
      ['succeeded', 1, 0],
      ['failed', 2, 1],
      ['failed', 1, 2],
      // Where no job can wait for "over", this one waited for success, and another one gathered.
      afterAny ? ['succeeded', 1, 0] : ['failed', 0, 1],
    ]);
  });
}
