import { describe, expect, test } from 'vitest';
import type { JobDetail } from '../../../src/engine/aws-batch/batch-types.ts';
import { isDependencyFailure, verdict } from '../../../src/engine/aws-batch/verdict.ts';

const EXITED = 'Essential container in task exited';

function failed(
  statusReason: string,
  container: { exitCode?: number; reason?: string },
  more: Partial<JobDetail> = {},
): JobDetail {
  return {
    ...{ jobId: 'a:3', jobName: 'a', status: 'FAILED', statusReason, createdAt: 0 },
    ...{ attempts: [{ statusReason, container }], isCancelled: false, isTerminated: false },
    ...more,
  };
}

describe('the cause follows from what Batch and ECS report:', () => {
  test.for<[string, JobDetail, string]>([
    ['a tool failed', failed(EXITED, { exitCode: 1 }), 'tool'],
    [
      'no memory was left',
      failed(EXITED, { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }),
      'out-of-memory',
    ],
    ['the runner was killed', failed(EXITED, { exitCode: 137 }), 'lost'],
    ['it was asked to stop by nobody of us', failed(EXITED, { exitCode: 143 }), 'lost'],
    ['the runner found no try left', failed(EXITED, { exitCode: 75 }), 'lost'],
    ['Spot took the machine', failed('Host EC2 (instance i-0123) terminated.', {}), 'spot'],
    ['time was over', failed('Job attempt duration exceeded timeout', { exitCode: 137 }), 'timeout'],
    [
      'the image is not there',
      failed('Task failed to start', { reason: 'CannotPullContainerError: manifest unknown' }),
      'start',
    ],
    [
      'the log group is not there',
      failed('Task failed to start', { reason: 'CannotStartContainerError: log group', exitCode: 127 }),
      'start',
    ],
    ['the bundle is not there', failed(EXITED, { exitCode: 3 }), 'start'],
    ['the runner cannot be started', failed(EXITED, { exitCode: 127 }), 'start'],
    [
      'it waited for a machine for too long',
      failed(
        'Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY',
        {},
        { attempts: [], isCancelled: true },
      ),
      'start',
    ],
    ['we terminated it', failed('The run was cancelled', { exitCode: 143 }, { isTerminated: true }), 'cancelled'],
    ['somebody cancelled it before it ran', failed('by hand', {}, { attempts: [], isCancelled: true }), 'cancelled'],
  ])('%s', ([, job, cause]) => expect(verdict(job, 3)).toMatchObject({ index: 3, cause }));
});

test('the message is in the words of Batch, without repetition', () => {
  expect(
    verdict(
      failed(EXITED, { exitCode: 137, reason: EXITED }, { attempts: [], container: { exitCode: 137, reason: EXITED } }),
      0,
    ),
  ).toEqual({
    index: 0,
    cause: 'lost',
    message: 'AWS Batch: Essential container in task exited; exit code 137',
    exitCode: 137,
    attempts: 1,
  });
});

test('the last attempt counts', () => {
  const job = failed(EXITED, { exitCode: 1 });
  const attempts = [{ statusReason: 'Host EC2 (instance i-0) terminated.', container: {} }, ...job.attempts];
  expect(verdict({ ...job, attempts }, 0)).toMatchObject({ cause: 'tool', exitCode: 1, attempts: 2 });
});

test('a job that is unfinished, succeeded, or was never started has no verdict', () => {
  const job = failed('Dependent Job failed', {}, { attempts: [] });
  expect(
    [job, { ...job, status: 'RUNNING' as const }, { ...job, status: 'SUCCEEDED' as const }].map((each) =>
      verdict(each, 0),
    ),
  ).toEqual([undefined, undefined, undefined]);
  expect(['Dependent Job failed', 'Dependent job failed', undefined, EXITED].map(isDependencyFailure)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
