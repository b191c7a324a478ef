import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { NEEDS } from '../../e2e/aws-batch/batch-lab.ts';
import { type FaultLab, openFaultLab, tries, untilSo } from './fault-lab.ts';

const BASE = resolve(import.meta.dirname, '../../../dist/images/base');
const IMAGE = 'localhost/batch-pipeline/faults';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ timeScale: 1, slots: 4 }, ['batch', 's3', 'registry', 'containers']);
  podman('build', '--quiet', '--tag', IMAGE, BASE);
}, 900_000);
afterAll(() => stack.stop());
afterEach(() => stack.control('POST', 'wipe', {}));

function podman(...args: string[]): string {
  return execFileSync('podman', args, { env: { ...process.env, ...stack.environment }, encoding: 'utf8' }).trim();
}

/** Kills the container of a task as `docker kill` or a host without memory does: with no word to it or to Batch. */
function killContainer(jobId: string): void {
  podman('kill', '--signal=KILL', podman('ps', '--quiet', `--filter=label=batch.job=${jobId}`));
}

/** The `run` line of the pipeline whose samples say what goes wrong. */
function needs(lab: FaultLab, image = IMAGE): string[] {
  const where = ['--engine', 'aws-batch', '--store', lab.store, '--queue', lab.bucket];
  return ['run', NEEDS, ...where, ...['a', 'b', 'c', 'all'].map((step) => `--image=${step}=${image}`)];
}

const causes = (lab: FaultLab) => lab.audit().failed.map(({ step, sample, cause }) => `${step} ${sample} ${cause}`);

test('a container that is killed during an upload leaves nothing visible', async () => {
  const lab = await openFaultLab(stack);
  const part = ({ method, url }: { method: string; url: string }) =>
    method === 'PUT' && /outputs\/make\/S1.*partNumber=2/.test(url);
  lab.proxy.decide((request) => (part(request) ? 'hold' : 'pass'));
  const ran = await lab.command(...lab.large(IMAGE), ...lab.samples({ S1: '40', S2: '1' }));
  expect(ran.code, ran.stderr).toBe(0);
  await untilSo(() => lab.proxy.seen.some(part));
  killContainer((await lab.tasks())['0-make-0-0:0']?.jobId ?? '');
  lab.proxy.decide(() => 'pass');
  const watched = await lab.command('status', '--watch', '--store', lab.store);
  expect(watched.code, watched.stdout).toBe(1);

  const killed = (await lab.tasks())['0-make-0-0:0'];
  expect([killed?.status, killed?.attempts?.[0]?.container]).toMatchObject(['FAILED', { exitCode: 137 }]);
  expect(await lab.states()).toMatchObject({ S1: 'lost upstream-failed', S2: 'succeeded succeeded' });
  const results = await lab.command('results', '--store', lab.store, '--step', 'make', '--step', 'sum');
  expect(results.stdout).not.toContain('S1');
  expect([lab.audit().complaints, lab.audit().unreferenced]).toEqual([[], []]);
  expect(causes(lab)).toEqual(['make S1 lost']);
  // What was uploaded of it is in the bucket until its rule for incomplete uploads frees it, under the task's own key.
  const [orphan = '', ...others] = await lab.openUploads();
  expect([orphan, others]).toEqual([
    expect.stringMatching(/^store\/v1\/large\/outputs\/make\/S1\.[0-9a-f-]+\/S1\.data$/),
    [],
  ]);

  const retried = await lab.command('retry', '--watch', '--store', lab.store);
  expect(retried.code, retried.stderr).toBe(0);
  // The gather of the first submission, without S1, stays a separate result.
  lab.expectSound(6);
  const sum = createHash('sha256').update(lab.published('make', 'S1')).digest('hex');
  expect(lab.published('sum', 'S1')).toContain(sum);
  expect(await lab.openUploads()).toEqual([orphan]);
});

test('memory, time and other causes that end a container are distinguished; retry gives more where it helps', async () => {
  const lab = await openFaultLab(stack);
  const wishes = {
    ok: 'fine',
    big: 'memory 300',
    slow: 'sleep 30',
    gone: 'sleep 300',
    bad: 'fail',
    large: 'memory 310',
  };
  const limits = ['--set', 'b.memory=250MB', '--set', 'b.time=15s'];
  expect((await lab.command(...needs(lab), ...lab.samples(wishes), ...limits)).code).toBe(0);
  let id: string | undefined;
  const gone = async () => (await lab.tasks())['0-b-0-0:3'];
  await untilSo(async () => {
    const task = await gone();
    id = task?.status === 'RUNNING' ? task.jobId : undefined;
    return id !== undefined;
  });
  killContainer(id ?? '');
  const watched = await lab.command('status', '--watch', '--store', lab.store);
  expect(watched.code, watched.stdout).toBe(1);
  expect(await lab.states()).toEqual({
    ...{ run: 'over', ok: 'succeeded succeeded succeeded', big: 'succeeded out-of-memory upstream-failed' },
    ...{ slow: 'succeeded timeout upstream-failed', gone: 'succeeded lost upstream-failed' },
    ...{ bad: 'tool upstream-failed upstream-failed', large: 'succeeded out-of-memory upstream-failed' },
    cohort: 'succeeded',
  });
  // None of it is worth another try with the same.
  expect(Object.values(tries(await lab.tasks())).every((number) => number <= 1)).toBe(true);
  const retried = await lab.command('retry', '--store', lab.store);
  expect(retried.code, retried.stderr).toBe(0);
  const { jobSummaryList } = lab.aws(
    'batch',
    'list-jobs',
    '--job-queue',
    lab.bucket,
    '--filters',
    'name=AFTER_CREATED_AT,values=0',
  ) as {
    jobSummaryList: { jobName: string; jobId: string }[];
  };
  const again = jobSummaryList.filter(({ jobName }) => /-1-b-/.test(jobName)).map(({ jobId }) => jobId);
  const { jobs } = lab.aws('batch', 'describe-jobs', '--jobs', ...again) as {
    jobs: {
      arrayProperties?: { size: number };
      timeout: { attemptDurationSeconds: number };
      container: { resourceRequirements: { type: string; value: string }[] };
    }[];
  };
  const asked = jobs.map(({ arrayProperties, timeout, container }) => {
    const memory = container.resourceRequirements.find(({ type }) => type === 'MEMORY')?.value;
    return `${arrayProperties?.size ?? 1}: ${memory} MB, ${timeout.attemptDurationSeconds} s`;
  });
  // Who was killed; who failed before; who ran out of time; who ran out of memory.
  expect(asked.toSorted()).toEqual(['1: 250 MB, 135 s', '1: 250 MB, 135 s', '1: 250 MB, 150 s', '2: 500 MB, 135 s']);
});

describe('an image that cannot be pulled', () => {
  test('since the registry is down is attempted again, reported as a failed start, and pulled by retry', async () => {
    const lab = await openFaultLab(stack);
    const image = pushed('away');
    await stack.kill('registry');
    expect((await lab.command(...lab.large(IMAGE, image), ...lab.samples({ S1: '1', S2: '1' }))).code).toBe(0);
    const watched = await lab.command('status', '--watch', '--store', lab.store);
    stack.revive();
    expect(watched.code, watched.stdout).toBe(1);
    expect(await lab.states()).toMatchObject({ S1: 'start upstream-failed', S2: 'start upstream-failed' });
    const tasks = await lab.tasks();
    expect(tries(tasks)).toMatchObject({ '0-make-0-0:0': 3, '0-make-0-0:1': 3, '0-sum-0-0:0': 0 });
    const reasons = tasks['0-make-0-0:0']?.attempts?.map(({ container }) => container?.reason);
    expect(reasons).toEqual(Array(3).fill(expect.stringMatching(/^CannotPullContainerError: /)));
    const logs = await lab.command('logs', 'S1', '--store', lab.store);
    expect([logs.code, logs.stderr]).toEqual([0, expect.stringMatching(/failed: start.*\n.*CannotPullContainerError/)]);
    const retried = await lab.command('retry', '--watch', '--store', lab.store);
    expect(retried.code, retried.stderr).toBe(0);
    expect(tries(await lab.tasks())).toMatchObject({ '1-make-0-0:0': 1, '1-make-0-0:1': 1 });
    expect(lab.audit().complaints).toEqual([]);
  });

  test('since it does not exist ends after three attempts, with the registry’s message and where to look', async () => {
    const lab = await openFaultLab(stack);
    const nowhere = pushed('there').replace(/there$/, 'nowhere');
    const ran = await lab.command(...lab.large(IMAGE, nowhere), ...lab.samples({ S1: '1' }), '--watch');
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /failed S1 in step make: start\n +AWS Batch: Task failed to start; CannotPullContainerError: .*manifest unknown/,
      ),
    ]);
    expect(ran.stderr).toContain('logs S1 make');
    expect(tries(await lab.tasks())).toEqual({ '0-make-0-0': 3, '0-sum-0-0': 0, '0-sums': 0, '0-sums-late': 1 });
  });
});

test('after a conductor is killed, the next status submits the gather, once', async () => {
  const lab = await openFaultLab(stack);
  const flags = [...needs(lab), ...lab.samples({ S1: 'sleep 15', S2: 'fail' })];
  expect((await lab.command(...flags, '--conductor')).code).toBe(0);
  const conductor = async () => (await lab.tasks())['0-conductor'];
  await untilSo(async () => (await conductor())?.status === 'RUNNING');
  killContainer((await conductor())?.jobId ?? '');
  await untilSo(async () => (await conductor())?.status === 'FAILED');
  const watched = await lab.command('status', '--watch', '--store', lab.store);
  expect(watched.code, watched.stdout).toBe(1);
  expect(tries(await lab.tasks())).toMatchObject({ '0-conductor': 1, '0-all': 0, '0-all-late': 1 });
  expect(await lab.states()).toMatchObject({ run: 'over', S1: 'succeeded succeeded succeeded', cohort: 'succeeded' });
  lab.expectSound(4);
});

/** The image under a name that this machine has to pull from the registry. */
function pushed(name: string): string {
  const image = `${stack.environment['ECR_REGISTRY']}/faults/${name}`;
  podman('tag', IMAGE, image);
  podman('push', '--quiet', image);
  podman('untag', image, image);
  return image;
}
