import { describe, expect, test } from 'vitest';
import type { BatchState, JobDetail } from '../../../src/engine/aws-batch/batch-types.ts';
import { jobStatus, unknownStatus } from '../../../src/engine/aws-batch/job-status.ts';
import { hasEnded } from '../../../src/engine/engine.ts';

const JOB: JobDetail = {
  jobId: 'a',
  jobName: 'a',
  status: 'PENDING',
  createdAt: 0,
  attempts: [],
  isCancelled: false,
  isTerminated: false,
};

function parent(status: BatchState, statusSummary: Partial<Record<BatchState, number>>, size = 5): JobDetail {
  return { ...JOB, status, arrayProperties: { size, statusSummary } };
}

describe('an array, by the counts of its children:', () => {
  test.for<[string, JobDetail, string, number[]]>([
    ['just submitted', parent('SUBMITTED', { SUBMITTED: 0, RUNNING: 0 }), 'pending', [5, 0, 0, 0, 0, 0]],
    ['waits for others', parent('PENDING', { PENDING: 4, SUBMITTED: 1 }), 'pending', [5, 0, 0, 0, 0, 0]],
    ['waits for machines', parent('PENDING', { RUNNABLE: 5 }), 'runnable', [0, 5, 0, 0, 0, 0]],
    ['starts', parent('PENDING', { STARTING: 1, RUNNABLE: 4 }), 'starting', [0, 4, 1, 0, 0, 0]],
    ['runs', parent('PENDING', { RUNNING: 1, SUCCEEDED: 2, FAILED: 1, PENDING: 1 }), 'running', [1, 0, 0, 1, 2, 1]],
    ['succeeded', parent('SUCCEEDED', { SUCCEEDED: 5 }), 'succeeded', [0, 0, 0, 0, 5, 0]],
    ['failed in part', parent('FAILED', { SUCCEEDED: 4, FAILED: 1 }), 'failed', [0, 0, 0, 0, 4, 1]],
    [
      'is terminated, and a child still stops',
      parent('FAILED', { RUNNING: 1, FAILED: 4 }),
      'running',
      [0, 0, 0, 1, 0, 4],
    ],
    ['was terminated before it had children', parent('FAILED', {}), 'failed', [0, 0, 0, 0, 0, 5]],
  ])('%s', ([, job, state, counts]) => {
    const status = jobStatus(job);
    expect([status.state, Object.values(status.counts)]).toEqual([state, counts]);
    expect(hasEnded(status.state)).toBe(state === 'succeeded' || state === 'failed');
  });
});

test.for<[BatchState, string]>([
  ['SUBMITTED', 'pending'],
  ['PENDING', 'pending'],
  ['RUNNABLE', 'runnable'],
  ['STARTING', 'starting'],
  ['RUNNING', 'running'],
  ['SUCCEEDED', 'succeeded'],
  ['FAILED', 'failed'],
])('a plain job that is %s', ([status, state]) => {
  const { counts, ...told } = jobStatus({ ...JOB, status });
  expect(told).toEqual({ jobId: 'a', state });
  expect(Object.entries(counts).filter(([, number]) => number > 0)).toEqual([[state, 1]]);
});

test('a forgotten job is neither succeeded nor failed', () => {
  expect(hasEnded(unknownStatus('a').state)).toBe(false);
});
