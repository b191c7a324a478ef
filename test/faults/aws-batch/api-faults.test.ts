import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type JobsLab, openJobsLab } from '../../contract/aws-batch-jobs.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ fake: 'manual' });
}, 900_000);
afterAll(() => stack.stop());
afterEach(async () => {
  await stack.control('DELETE', 'faults');
  await stack.control('POST', 'wipe', {});
});

interface Fault {
  action: string;
  kind: 'lose-answer' | 'lose-request' | 'throttle' | 'error' | 'delay';
  count?: number | null;
  skip?: number;
  share?: number;
}
const plan = (fault: Fault) => stack.control('POST', 'faults', fault);

/** A chain of three arrays, as a run submits it. */
async function submitChain({ engine, job }: JobsLab): Promise<string[]> {
  const a = await engine.submit(job('a', { size: 3 }), []);
  const b = await engine.submit(job('b', { size: 3 }), [{ jobId: a, type: 'N_TO_N' }]);
  return [a, b, await engine.submit(job('c', { size: 3 }), [{ jobId: b, type: 'N_TO_N' }])];
}

describe('each job is submitted once', () => {
  test.for<[string, Fault[]]>([
    ['though every answer to SubmitJob is lost', [{ action: 'batch:SubmitJob', kind: 'lose-answer', count: null }]],
    ['though requests do not arrive', [{ action: 'batch:SubmitJob', kind: 'lose-request', count: 2 }]],
    [
      'though it is first not received and then not answered',
      [
        { action: 'batch:SubmitJob', kind: 'lose-request', count: 1 },
        { action: 'batch:SubmitJob', kind: 'lose-answer', count: 1 },
      ],
    ],
    ['though the server makes mistakes', [{ action: 'batch:SubmitJob', kind: 'error', count: 3 }]],
    [
      'though the lookup by name is throttled as well',
      [
        { action: 'batch:SubmitJob', kind: 'lose-answer', count: 3 },
        { action: 'batch:ListJobs', kind: 'throttle', count: 4 },
      ],
    ],
    [
      'though definitions are registered without an answer',
      [{ action: 'batch:RegisterJobDefinition', kind: 'lose-answer', count: null }],
    ],
    [
      'though nothing at all is answered every other time',
      [{ action: 'batch:*', kind: 'lose-answer', count: null, share: 0.4 }],
    ],
  ])('%s', async ([, faults]) => {
    const lab = await openJobsLab(stack);
    for (const fault of faults) await plan(fault);
    const ids = await submitChain(lab);
    await stack.control('DELETE', 'faults');
    const listed = await lab.listed();
    expect(listed.map(({ jobId }) => jobId)).toEqual(ids);
    expect(listed.map(({ jobName }) => jobName)).toEqual(['a', 'b', 'c'].map((step) => `${lab.queue}-${step}`));
    const calls = await stack.takeCalls();
    expect(calls['batch:RegisterJobDefinition']).toBe(3);
    const statuses = await lab.engine.poll(ids);
    expect(statuses.map(({ counts }) => counts.running + counts.pending)).toEqual([3, 3, 3]);
  });

  test('and a second one of the same name is taken back', async () => {
    const lab = await openJobsLab(stack);
    const first = await lab.engine.submit(lab.job('a'), []);
    const second = await lab.another().submit(lab.job('a'), []);
    expect(await lab.engine.find([`${lab.queue}-a`, `${lab.queue}-b`])).toEqual(new Map([[`${lab.queue}-a`, first]]));
    const [kept, taken] = await lab.engine.poll([first, second]);
    expect([kept?.state, taken?.state]).toEqual(['running', 'failed']);
  });
});

describe('a storm of throttling', () => {
  test('is waited out within the account’s limit of 50 SubmitJob per second', async () => {
    await stack.takeCalls();
    const lab = await openJobsLab(stack, { submitsPerSecond: 45 });
    await plan({ action: 'batch:*', kind: 'throttle', count: null, share: 0.5 });
    const names = Array.from({ length: 60 }, (_, i) => `j${i}`);
    const ids = await Promise.all(
      names.map((name) => lab.engine.submit(lab.job('a', { name: `${lab.queue}-${name}` }), [])),
    );
    await stack.control('DELETE', 'faults');
    const { perSecond } = await stack.control('GET', 'peak?action=batch:SubmitJob');
    expect(perSecond).toBeLessThanOrEqual(50);
    const listed = await lab.listed();
    expect(listed.map(({ jobId }) => jobId).toSorted()).toEqual(ids.toSorted());
    expect((await stack.takeCalls())['batch:RegisterJobDefinition']).toBeLessThanOrEqual(4);
  });

  test('ends with a remedy if it lasts too long', async () => {
    const lab = await openJobsLab(stack, { patienceMs: 300 });
    await plan({ action: 'batch:SubmitJob', kind: 'throttle', count: null });
    await expect(lab.engine.submit(lab.job('a'), [])).rejects.toMatchObject({
      code: 'aws-unreachable',
      hint: expect.stringContaining('not done twice'),
    });
    expect(await lab.listed()).toEqual([]);
  });
});

test('a refusal is not retried: it is reported at once, with the job', async () => {
  const lab = await openJobsLab(stack);
  await stack.takeCalls();
  await expect(lab.engine.submit(lab.job('a'), [{ jobId: 'never-seen', type: 'SUCCESS' }])).rejects.toMatchObject({
    code: 'aws-refused',
    message: expect.stringContaining('never-seen'),
    where: `job ${lab.queue}-a`,
  });
  expect((await stack.takeCalls())['batch:SubmitJob']).toBe(1);
});

test('a closed engine waits for nothing', async () => {
  const lab = await openJobsLab(stack);
  await plan({ action: 'batch:SubmitJob', kind: 'throttle', count: null });
  const submitting = lab.engine.submit(lab.job('a'), []);
  await lab.engine.close();
  await expect(submitting).rejects.toThrow(/abort/i);
});
