import { deepEqual, ok } from 'node:assert/strict';
import { matches } from '../contract-case.ts';
import { statesOf, type EnginePromise } from './engine-lab.ts';

/** How tasks fail, and what is on record then. */
export const failurePromises: readonly EnginePromise[] = [
  {
    name: 'knows of a task whose runner was killed, which left no record',
    holds: async (lab) => {
      const run = await lab.start({ S1: {}, S2: { second: 'die' }, S3: {} });
      const { table } = await run.over();
      deepEqual(statesOf(table), {
        S1: ['succeeded', 'succeeded'],
        S2: ['succeeded', 'failed: lost'],
        S3: ['succeeded', 'succeeded'],
        // Gathered before anybody could say why S2 is missing, and found all the same.
        cohort: ['succeeded', 'succeeded'],
      });
      matches(await lab.engine.verdicts(run.jobOf('second'), [0, 1, 2]), [{ index: 1, cause: 'lost' }]);
      matches(
        (await lab.records('second')).filter(({ state }) => state === 'failed'),
        [{ sample: 'S2', cause: 'lost', attempt: 1, index: 1, outputs: [] }],
      );
    },
  },

  {
    name: 'knows of a gather whose runner was killed while a sample was missing',
    holds: async (lab) => {
      const run = await lab.start({ S1: {}, S2: { first: 'fail' } }, { gather: 'die' });
      const { table } = await run.over();
      deepEqual(table.cohort.tasks['gather'], { state: 'failed', cause: 'lost' });
      matches(await lab.records('gather'), [{ state: 'failed', cause: 'lost', sample: 'cohort' }]);
    },
  },

  {
    name: 'retries transient failures, up to the number of attempts of the job, and no others',
    holds: async (lab) => {
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
      matches(statesOf(table), {
        S1: ['succeeded', 'succeeded'],
        S2: ['failed: start', 'upstream-failed'],
        S3: ['failed: tool', 'upstream-failed'],
        S4: ['failed: check', 'upstream-failed'],
      });
      deepEqual(
        lab.marks('start').filter((mark) => mark.startsWith('first')),
        [
          ...['first.S1.1.start', 'first.S1.2.start', 'first.S2.1.start', 'first.S2.2.start', 'first.S2.3.start'],
          ...['first.S3.1.start', 'first.S4.1.start'],
        ],
      );
      deepEqual(
        (await lab.records('first')).map(({ sample, attempt, state }) => [sample, attempt, state]),
        [
          ['S1', 1, 'failed'],
          ['S1', 2, 'succeeded'],
          ['S2', 1, 'failed'],
          ['S2', 2, 'failed'],
          ['S2', 3, 'failed'],
          ['S3', 1, 'failed'],
          ['S4', 1, 'failed'],
        ],
      );
    },
  },

  {
    name: 'names the time limit as the cause, and ends the tool',
    holds: async (lab) => {
      const run = await lab.start({ S1: { first: 'endless' } }, { resources: { timeLimitSeconds: 1 } });
      const { table } = await run.over();
      deepEqual(statesOf(table)['S1'], ['failed: timeout', 'upstream-failed']);
      const [record] = await lab.records('first');
      matches(record, { state: 'failed', cause: 'timeout', message: 'The time limit of 1 s was exceeded' });
      matches(record?.tools, [{ argv: ['sleep', '10000'], signal: 'SIGTERM' }]);
      ok(!lab.marks('end').includes('first.S1.1.end'));
    },
  },

  {
    name: 'ends a task that takes more memory than it asked for',
    holds: async (lab) => {
      const run = await lab.start({ S1: { first: 'allocate:600' }, S2: {} });
      const { table } = await run.over();
      matches(statesOf(table), {
        S1: ['failed: out-of-memory', 'upstream-failed'],
        S2: ['succeeded', 'succeeded'],
      });
    },
  },
];
