import { expect, test } from 'vitest';
import { runExitCode, summarise } from '../../../src/run/summarise.ts';
import { chain } from './chain-pipeline.ts';
import { table } from './run-table.ts';

/** Counts and exit code; words in the order of the steps: a, b, c; then before, gather. */
function outcome(samples: Readonly<Record<string, readonly string[]>>, cohort = ['ok', 'ok']): string {
  const summary = summarise(table(chain, samples, cohort), 0);
  const { succeeded, failed, unfinished, ran, upToDate } = summary;
  return `${succeeded} ok, ${failed} failed, ${unfinished} unfinished, cohort ${summary.cohort}, ${ran} ran, ${upToDate} old: exit ${runExitCode(summary)}`;
}

const GOOD = ['ok', 'ok', 'ok'];

test.each([
  [
    'all is well',
    { S1: GOOD, S2: ['-', 'old', 'ok'] },
    ['old', 'ok'],
    '2 ok, 0 failed, 0 unfinished, cohort succeeded, 5 ran, 2 old: exit 0',
  ],
  ['no samples at all', {}, ['ok', 'ok'], '0 ok, 0 failed, 0 unfinished, cohort succeeded, 2 ran, 0 old: exit 0'],
  [
    'one sample failed',
    { S1: GOOD, S2: ['tool', 'upstream-failed', 'upstream-failed'] },
    ['ok', 'ok'],
    '1 ok, 1 failed, 0 unfinished, cohort succeeded, 6 ran, 0 old: exit 1',
  ],
  [
    'an output is damaged',
    { S1: ['ok', 'ok', 'damaged'] },
    ['ok', 'ok'],
    '0 ok, 1 failed, 0 unfinished, cohort succeeded, 4 ran, 0 old: exit 1',
  ],
  [
    'cancelled while running',
    { S1: ['cancelled', 'upstream-failed', 'upstream-failed'] },
    ['ok', 'waiting'],
    '0 ok, 0 failed, 1 unfinished, cohort unfinished, 2 ran, 0 old: exit 4',
  ],
  [
    'cancelled before it ran',
    { S1: GOOD, S2: ['waiting', 'waiting', 'waiting'] },
    ['ok', 'ok'],
    '1 ok, 0 failed, 1 unfinished, cohort succeeded, 5 ran, 0 old: exit 4',
  ],
  [
    'one failed, one cancelled',
    { S1: ['tool', 'upstream-failed', 'upstream-failed'], S2: ['cancelled', 'upstream-failed', 'upstream-failed'] },
    ['ok', 'ok'],
    '0 ok, 1 failed, 1 unfinished, cohort succeeded, 4 ran, 0 old: exit 4',
  ],
  [
    'the gather failed',
    { S1: GOOD },
    ['ok', 'check'],
    '1 ok, 0 failed, 0 unfinished, cohort failed, 5 ran, 0 old: exit 1',
  ],
  [
    'the reference failed, and all samples with it',
    { S1: ['ok', 'upstream-failed', 'upstream-failed'] },
    ['tool', 'ok'],
    '0 ok, 1 failed, 0 unfinished, cohort failed, 3 ran, 0 old: exit 1',
  ],
  [
    'the reference was cancelled',
    { S1: ['ok', 'upstream-failed', 'upstream-failed'] },
    ['cancelled', 'waiting'],
    '0 ok, 0 failed, 1 unfinished, cohort unfinished, 2 ran, 0 old: exit 4',
  ],
])('%s', (_, samples, cohort, expected) => {
  expect(outcome(samples, cohort)).toBe(expected);
});
