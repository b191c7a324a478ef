import { expect, test } from 'vitest';
import type { JobDocument } from '../../../src/record/manifest.ts';
import { retryJobs } from '../../../src/run/retry.ts';
import { chain } from './chain-pipeline.ts';
import { jobLines, table } from './run-table.ts';

/** Words in the order of the steps: a, b, c; then before, gather. */
function retry(
  samples: Readonly<Record<string, readonly string[]>>,
  cohort: readonly string[] = ['ok', 'ok'],
  earlier: readonly JobDocument[] = [],
): JobDocument[] {
  const submission = Math.max(0, ...earlier.map((job) => job.submission)) + 1;
  return retryJobs({ pipeline: chain, table: table(chain, samples, cohort), submission, earlier, maxArraySize: 1000 });
}

test('nothing, if everything has succeeded or was not needed', () => {
  expect(retry({ S1: ['ok', 'ok', 'ok'], S2: ['-', 'old', 'ok'] })).toEqual([]);
});

test('only what did not succeed, over the indices of the same manifest, and the gather', () => {
  const jobs = retry({
    S1: ['ok', 'ok', 'ok'],
    S2: ['tool', 'upstream-failed', 'upstream-failed'],
    S3: ['ok', 'check', 'upstream-failed'],
    S4: ['ok', 'ok', 'ok'],
    S5: ['input', 'upstream-failed', 'upstream-failed'],
    S6: ['waiting', 'waiting', 'waiting'],
    S7: ['ok', 'ok', 'damaged'],
  });
  expect(jobLines(jobs)).toMatchInlineSnapshot(`
    [
      "1-a-0-0 [[1,1],[4,2]] 100 MB 60 s",
      "1-b-0-0 [[1,1],[4,2]] 100 MB 60 s",
      "1-c-0-0 [[1,1],[4,2]] 100 MB 60 s",
      "1-b-1-0 [[2,1]] 100 MB 60 s",
      "1-c-1-0 [[2,1]] 100 MB 60 s",
      "1-c-2-0 [[6,1]] 100 MB 60 s",
      "1-gather [] 100 MB 60 s",
    ]
  `);
  expect(jobs.map(({ submission }) => submission)).toEqual(jobs.map(() => 1));
});

test('twice the memory, or the time, for tasks that ran out of it, and in that step only', () => {
  const jobs = retry({
    S1: ['out-of-memory', 'upstream-failed', 'upstream-failed'],
    S2: ['ok', 'timeout', 'upstream-failed'],
    S3: ['ok', 'tool', 'upstream-failed'],
    S4: ['out-of-memory', 'upstream-failed', 'upstream-failed'],
  });
  expect(jobLines(jobs)).toMatchInlineSnapshot(`
    [
      "1-a-0-0 [[0,1],[3,1]] 200 MB 60 s",
      "1-b-0-0 [[0,1],[3,1]] 100 MB 60 s",
      "1-c-0-0 [[0,1],[3,1]] 100 MB 60 s",
      "1-b-1-0 [[1,1]] 100 MB 120 s",
      "1-c-1-0 [[1,1]] 100 MB 60 s",
      "1-b-2-0 [[2,1]] 100 MB 60 s",
      "1-c-2-0 [[2,1]] 100 MB 60 s",
      "1-gather [] 100 MB 60 s",
    ]
  `);
});

test('and twice that the next time', () => {
  const samples = { S1: ['out-of-memory', 'upstream-failed', 'upstream-failed'] };
  const first = retry(samples);
  const second = retry(samples, ['ok', 'ok'], first);
  expect(jobLines([...first, ...second].filter(({ step }) => step === 'a'))).toMatchInlineSnapshot(`
    [
      "1-a-0-0 [[0,1]] 200 MB 60 s",
      "2-a-0-0 [[0,1]] 400 MB 60 s",
    ]
  `);
});

test('a sample gets twice what it had itself, and tasks without an earlier job get enough for any', () => {
  const resources = { cpus: 1, memoryMiB: 100, scratchMiB: 10, timeLimitSeconds: 60 };
  const [usual] = retry({ S1: ['tool', 'upstream-failed', 'upstream-failed'] });
  const had = (step: string, index: number, memoryMiB: number): JobDocument => ({
    ...{ ...usual!, job: `0-${step}-${index}-0`, step, submission: 0 },
    ...{ samples: [[index, 1]], resources: { ...resources, memoryMiB } },
  });
  const jobs = retry(
    {
      S1: ['out-of-memory', 'upstream-failed', 'upstream-failed'],
      S2: ['out-of-memory', 'upstream-failed', 'upstream-failed'],
      S3: ['tool', 'upstream-failed', 'upstream-failed'],
      S4: ['damaged', 'old', 'old'],
    },
    ['ok', 'ok'],
    [had('a', 0, 40), had('a', 1, 300), had('a', 2, 300)],
  );
  expect(jobLines(jobs.filter(({ step }) => step === 'a'))).toEqual([
    '1-a-0-0 [[0,1]] 80 MB 60 s',
    '1-a-1-0 [[1,1]] 600 MB 60 s',
    '1-a-2-0 [[2,1]] 300 MB 60 s',
    '1-a-3-0 [[3,1]] 100 MB 60 s',
  ]);
});

test('nothing is raised beyond what the engine has', () => {
  const samples = { S1: ['out-of-memory', 'upstream-failed', 'upstream-failed'] };
  const request = { pipeline: chain, table: table(chain, samples), submission: 1, earlier: [], maxArraySize: 1000 };
  expect(jobLines(retryJobs({ ...request, largestMemoryMiB: 150 }))[0]).toBe('1-a-0-0 [[0,1]] 150 MB 60 s');
  expect(jobLines(retryJobs({ ...request, largestMemoryMiB: 50 }))[0]).toBe('1-a-0-0 [[0,1]] 100 MB 60 s');
});

test('a cohort step that ran out gets more too', () => {
  expect(jobLines(retry({ S1: ['ok', 'upstream-failed', 'upstream-failed'] }, ['out-of-memory', 'waiting'])))
    .toMatchInlineSnapshot(`
      [
        "1-before [] 200 MB 60 s",
        "1-b-0-0 [[0,1]] 100 MB 60 s",
        "1-c-0-0 [[0,1]] 100 MB 60 s",
        "1-gather [] 100 MB 60 s",
      ]
    `);
  expect(jobLines(retry({ S1: ['ok', 'ok', 'ok'] }, ['ok', 'timeout']))).toMatchInlineSnapshot(`
    [
      "1-gather [] 100 MB 120 s",
    ]
  `);
});
