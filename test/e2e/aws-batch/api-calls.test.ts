import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import type { Calls } from '../../fixtures/call-counter.ts';
import { type CallLab, openCallLab } from './call-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual' });
}, 900_000);
afterAll(() => stack.stop());

/** What a command asks of AWS Batch and S3; what it asks of others to check the account is not counted. */
async function callsOf(lab: CallLab, code: number, ...args: string[]): Promise<Calls> {
  const { result, calls } = await lab.counter.during(() => lab.command(...args));
  expect(result.code, result.stderr).toBe(code);
  return Object.fromEntries(Object.entries(calls).filter(([action]) => /^(batch|s3):/.test(action)));
}

/** Whatever the number of samples, as long as a listing takes one page. */
const LOOK_AT_ACCOUNT = {
  'batch:DescribeJobQueues': 1,
  'batch:DescribeComputeEnvironments': 1,
  's3:HeadBucket': 1,
  's3:GetBucketEncryption': 1,
};
const SUBMIT = { ...LOOK_AT_ACCOUNT, 'batch:ListJobs': 1, 'batch:DescribeJobDefinitions': 4, 'batch:SubmitJob': 4 };
/** Records and outputs of four steps, and two listings to find the run and its jobs. */
const LISTINGS = { 's3:ListObjectsV2': 10 };

test.for<[number, { heads: number; lists: number }]>([
  [10, { heads: 10, lists: 0 }],
  [1000, { heads: 0, lists: 1 }],
])('%d samples in 3 steps and a gather cost as many calls as any other number', async ([count, inputs]) => {
  await stack.control('POST', 'wipe', {});
  const lab = await openCallLab(stack);
  const store = ['--store', lab.store];
  try {
    const run = { 's3:GetObject': 9, 's3:ListObjectsV2': 10 + inputs.lists };
    expect(await callsOf(lab, 0, ...lab.run, ...lab.cohort('one', count))).toEqual({
      ...{ ...SUBMIT, ...run, 'batch:RegisterJobDefinition': 4 },
      ...{ 's3:HeadObject': 6 + inputs.heads, 's3:PutObject': 14 },
    });
    expect(await callsOf(lab, 4, 'status', ...store)).toEqual({
      ...{ ...LISTINGS, 'batch:DescribeJobs': 1, 's3:HeadObject': 1, 's3:GetObject': 14 },
    });
    await lab.endRun('needs-1');
    await callsOf(lab, 1, 'status', ...store);
    // Of another run of the same steps the definitions, the bundle and the code are there.
    expect(await callsOf(lab, 0, ...lab.run, ...lab.cohort('two', count))).toEqual({
      ...{ ...SUBMIT, ...run, 's3:HeadObject': 9 + inputs.heads, 's3:PutObject': 11 },
    });
    await stack.control('POST', 'wipe', {});
    const fromStore = { ...LISTINGS, 's3:HeadObject': 1, 's3:GetObject': 13 };
    expect(await callsOf(lab, 1, 'status', 'needs-1', ...store)).toEqual({ ...fromStore, 's3:ListObjectsV2': 9 });
    // One of a hundred failed in the second step: it, the third, and the gather.
    expect(await callsOf(lab, 0, 'retry', 'needs-1', ...store)).toMatchObject({
      ...{ ...LOOK_AT_ACCOUNT, 'batch:DescribeJobs': 1, 'batch:SubmitJob': 3, 'batch:DescribeJobDefinitions': 3 },
    });
  } finally {
    await lab.counter.stop();
  }
});
