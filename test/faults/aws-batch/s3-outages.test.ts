import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type FaultLab, openFaultLab, tries, untilSo } from './fault-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  // As with a job role: the attempts have no keys, they ask for them.
  stack = startAwsStack({ timeScale: 1 }, ['batch', 's3'], { BATCH_CREDENTIALS: 'endpoint' });
}, 900_000);
afterAll(() => stack.stop());

const PART_OF_MAKE = /outputs\/make\/.*partNumber=/;
const ONCE = {
  ...{ '0-make-0-0:0': 1, '0-make-0-0:1': 1, '0-sum-0-0:0': 1, '0-sum-0-0:1': 1 },
  '0-sums': 1,
};

/** Jobs give up on S3 after this many tries of a request; without it after 12. */
async function withTries(number: number | undefined): Promise<void> {
  const { containerEnv } = await stack.control('GET', 'settings');
  const { AWS_MAX_ATTEMPTS: _, ...others } = containerEnv as Record<string, string>;
  const changed = number === undefined ? others : { ...others, AWS_MAX_ATTEMPTS: String(number) };
  await stack.control('POST', 'settings', { containerEnv: changed });
}

/** Resolves once a request of this kind is on its way. */
function seen({ proxy }: FaultLab, method: string, url: RegExp, times = 1): Promise<void> {
  return untilSo(
    () => proxy.seen.filter((request) => request.method === method && url.test(request.url)).length >= times,
  );
}

function expectSums(lab: FaultLab, samples: readonly string[]): void {
  for (const sample of samples) {
    const sum = createHash('sha256').update(lab.published('make', sample)).digest('hex');
    expect(lab.published('sums', 'cohort')).toContain(`${sample} ${sum}`);
  }
}

describe('the S3 server is killed while outputs are uploaded', () => {
  test('and comes back: tasks continue where they were, and so does --watch', async () => {
    const lab = await openFaultLab(stack);
    const ran = await lab.command(...lab.large(), ...lab.samples({ S1: '40', S2: '40' }));
    expect(ran.code, ran.stderr).toBe(0);
    const watching = lab.start('status', '--watch', '--store', lab.store);
    await seen(lab, 'PUT', PART_OF_MAKE, 2);
    await stack.kill('s3');
    const before = lab.proxy.seen.length;
    await untilSo(() => lab.proxy.seen.length > before + 4);
    stack.revive();
    const watched = await watching.over;
    expect(watched.code, watched.stdout + watched.stderr).toBe(0);
    expect(watched.stderr).toBe('');
    lab.expectSound(5);
    expectSums(lab, ['S1', 'S2']);
    expect([await lab.openUploads(), lab.audit().failed]).toEqual([[], []]);
    expect(tries(await lab.tasks())).toEqual(ONCE);
  });

  test('and stays down for longer than tasks wait: Batch attempts them again, and retry completes the run', async () => {
    const lab = await openFaultLab(stack, { AWS_MAX_ATTEMPTS: '2' });
    await withTries(2);
    const ran = await lab.command(...lab.large(), ...lab.samples({ S1: '40', S2: '40' }));
    expect(ran.code, ran.stderr).toBe(0);
    await seen(lab, 'PUT', PART_OF_MAKE, 2);
    await stack.kill('s3');
    const away = await lab.command('status', '--watch', '--store', lab.store);
    expect([away.code, away.stdout]).toEqual([3, '']);
    expect(away.stderr.trim().split('\n')[0]).toMatch(/The server of the bucket does not answer/);
    await untilSo(async () => (await stack.control('GET', 'state'))['open'] === 0);
    stack.revive();
    await withTries(undefined);
    const tried = await lab.tasks();
    expect(tries(tried)).toEqual({
      ...{ '0-make-0-0:0': 3, '0-make-0-0:1': 3, '0-sum-0-0:0': 0, '0-sum-0-0:1': 0 },
      '0-sums': 0,
    });
    expect(tried['0-make-0-0:0']?.attempts?.map(({ container }) => container?.exitCode)).toEqual([75, 75, 75]);
    const retried = await lab.command('retry', '--watch', '--store', lab.store);
    expect(retried.code, retried.stderr).toBe(0);
    lab.expectSound(5);
    expectSums(lab, ['S1', 'S2']);
    expect(lab.audit().failed.map(({ step, cause, message }) => [step, cause, message])).toEqual(
      ['make', 'make'].map((step) => [step, 'lost', expect.stringContaining('exit code 75')]),
    );
    expect(Object.values(await lab.states())).toEqual(['over', ...Array(2).fill('succeeded succeeded'), 'succeeded']);
  });
});

describe('S3 that asks to slow down', () => {
  test('under load is obeyed: every task runs once', async () => {
    const lab = await openFaultLab(stack);
    let requests = 0;
    lab.proxy.decide(() => ((requests += 1) % 3 === 0 ? 'slow-down' : 'pass'));
    const ran = await lab.command(...lab.large(), ...lab.samples({ S1: '40', S2: '1' }), '--watch');
    expect(ran.code, ran.stderr).toBe(0);
    lab.proxy.decide(() => 'pass');
    lab.expectSound(5);
    expect([await lab.openUploads(), lab.audit().failed]).toEqual([[], []]);
    expect(tries(await lab.tasks())).toEqual(ONCE);
  });

  test('for longer than a task waits is not a failure of the tool: another attempt succeeds', async () => {
    const lab = await openFaultLab(stack);
    await withTries(2);
    const failedOnRecord = () => lab.proxy.seen.some(({ url }) => /records\/make\/S1\..*\.failed-/.test(url));
    lab.proxy.decide(({ method, url }) =>
      method === 'PUT' && /outputs\/make\/S1/.test(url) && !failedOnRecord() ? 'slow-down' : 'pass',
    );
    const ran = await lab.command(...lab.large(), ...lab.samples({ S1: '1', S2: '1' }), '--watch');
    await withTries(undefined);
    expect(ran.code, ran.stderr).toBe(0);
    expect(tries(await lab.tasks())).toEqual({ ...ONCE, '0-make-0-0:0': 2 });
    lab.expectSound(5);
    expect(lab.audit().failed.map(({ sample, attempt, cause, message }) => [sample, attempt, cause, message])).toEqual([
      ['S1', 1, 'lost', expect.stringContaining('S3 keeps asking to slow down')],
    ]);
  });
});

describe('an endpoint for credentials', () => {
  test('that asks to slow down is asked again, by Fetch & Run and by the runner', async () => {
    const lab = await openFaultLab(stack);
    const throttle = (more: object) =>
      stack.control('POST', 'faults', { action: 'ecs:GetCredentials', kind: 'throttle', ...more });
    await stack.takeCalls();
    // Four containers start at once; the second storm meets the runners in them.
    await throttle({ count: 12 });
    await throttle({ skip: 4, count: 6 });
    const samples = { S1: '1', S2: '1', S3: '1', S4: '1' };
    const ran = await lab.command(...lab.large(), ...lab.samples(samples), '--watch');
    expect(ran.code, ran.stderr).toBe(0);
    const { faults } = await stack.control('GET', 'faults');
    await stack.control('DELETE', 'faults');
    expect((faults as { hits: number }[]).map(({ hits }) => hits)).toEqual([12, 6]);
    expect(Object.values(tries(await lab.tasks()))).toEqual(Array(9).fill(1));
    lab.expectSound(9);
  });

  test('that fails for the first attempt of a job works for the next', async () => {
    const lab = await openFaultLab(stack);
    await withTries(2);
    // The SDK asks twice each time that it is asked.
    await stack.control('POST', 'faults', { action: 'ecs:GetCredentials', kind: 'throttle', count: 4 });
    const ran = await lab.command(...lab.large(), ...lab.samples({ S1: '1' }), '--watch');
    await withTries(undefined);
    expect(ran.code, ran.stderr).toBe(0);
    expect(tries(await lab.tasks())).toEqual({ '0-make-0-0': 2, '0-sum-0-0': 1, '0-sums': 1 });
    lab.expectSound(3);
  });
});
