import { expect } from 'vitest';
import type { Promised } from '../engine-contract.ts';
import { statesOf } from './engine-lab.ts';

/** How tasks fail, and what is on record then. */
export function failurePromises(promised: Promised): void {
  promised('knows of a task whose runner was killed, which left no record', async (lab) => {
    const run = await lab.start({ S1: {}, S2: { second: 'die' }, S3: {} });
    const { table } = await run.over();
    expect(statesOf(table)).toEqual({
      S1: ['succeeded', 'succeeded'],
      S2: ['succeeded', 'failed: lost'],
      S3: ['succeeded', 'succeeded'],
      // Gathered before anybody could say why S2 is missing, and found all the same.
      cohort: ['succeeded', 'succeeded'],
    });
    expect(await lab.engine.verdicts(run.jobOf('second'), [0, 1, 2])).toMatchObject([{ index: 1, cause: 'lost' }]);
    expect((await lab.records('second')).filter(({ state }) => state === 'failed')).toMatchObject([
      { sample: 'S2', cause: 'lost', attempt: 1, index: 1, outputs: [] },
    ]);
  });

  promised('knows of a gather whose runner was killed while a sample was missing', async (lab) => {
    const run = await lab.start({ S1: {}, S2: { first: 'fail' } }, { gather: 'die' });
    const { table } = await run.over();
    expect(table.cohort.tasks['gather']).toEqual({ state: 'failed', cause: 'lost' });
    expect(await lab.records('gather')).toMatchObject([{ state: 'failed', cause: 'lost', sample: 'cohort' }]);
  });

  promised('tries again what may pass, as often as it is told, and nothing else', async (lab) => {
    const run = await lab.start(
      {
        S1: { first: 'fail-once:lost' },
        S2: { first: 'fail:start' },
        S3: { first: 'fail:tool' },
        S4: { first: 'fail-once:check' },
      },
      { attempts: 3 },
    );
    const { table } = await run.over();
    expect(statesOf(table)).toMatchObject({
      S1: ['succeeded', 'succeeded'],
      S2: ['failed: start', 'upstream-failed'],
      S3: ['failed: tool', 'upstream-failed'],
      S4: ['failed: check', 'upstream-failed'],
    });
    expect(lab.marks('start').filter((mark) => mark.startsWith('first'))).toEqual([
      ...['first.S1.1.start', 'first.S1.2.start', 'first.S2.1.start', 'first.S2.2.start', 'first.S2.3.start'],
      ...['first.S3.1.start', 'first.S4.1.start'],
    ]);
    expect((await lab.records('first')).map(({ sample, attempt, state }) => [sample, attempt, state])).toEqual([
      ['S1', 1, 'failed'],
      ['S1', 2, 'succeeded'],
      ['S2', 1, 'failed'],
      ['S2', 2, 'failed'],
      ['S2', 3, 'failed'],
      ['S3', 1, 'failed'],
      ['S4', 1, 'failed'],
    ]);
  });

  promised('names the time limit as the cause, and ends the tool', async (lab) => {
    const run = await lab.start({ S1: { first: 'endless' } }, { resources: { timeLimitSeconds: 1 } });
    const { table } = await run.over();
    expect(statesOf(table)['S1']).toEqual(['failed: timeout', 'upstream-failed']);
    const [record] = await lab.records('first');
    expect(record).toMatchObject({ state: 'failed', cause: 'timeout', message: 'The time limit of 1 s is over' });
    expect(record?.tools).toMatchObject([{ argv: ['sleep', '10000'], signal: 'SIGTERM' }]);
    expect(lab.marks('end')).not.toContain('first.S1.1.end');
  });

  promised('ends a task that takes more memory than it asked for', async (lab) => {
    const run = await lab.start({ S1: { first: 'allocate:600' }, S2: {} });
    const { table } = await run.over();
    expect(statesOf(table)).toMatchObject({
      S1: ['failed: out-of-memory', 'upstream-failed'],
      S2: ['succeeded', 'succeeded'],
    });
  });
}
