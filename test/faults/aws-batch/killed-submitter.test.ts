import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchClient, ListJobsCommand } from '@aws-sdk/client-batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type BatchLab, openBatchLab, states } from '../../e2e/aws-batch/batch-lab.ts';
import { startCli } from '../../fixtures/cli.ts';
import { startProxy } from './counting-proxy.ts';

let stack: AwsStack;
beforeAll(() => {
  // Jobs run until they are ended: what matters here is what was submitted.
  stack = startAwsStack({ fake: 'manual', submitRate: 0 });
}, 900_000);
afterAll(() => stack.stop());

/** Calls that change something, and all calls to Batch: after each of them the submitter may die. */
function counts(call: IncomingMessage): boolean {
  return call.method !== 'GET' && call.method !== 'HEAD';
}

/** Calls that change something at S3 or at Batch. */
function changes({ method = '', url = '' }: IncomingMessage): boolean {
  return method === 'PUT' || method === 'DELETE' || /submitjob/i.test(url);
}

/** Runs the command, and kills it the moment the nth call that counts has been done; `false` if there were fewer. */
async function killedAfter(lab: BatchLab, nth: number, args: readonly string[], counted = counts): Promise<boolean> {
  let calls = 0;
  let kill: () => void = () => undefined;
  const done = (call: IncomingMessage): boolean => {
    if (!counted(call) || (calls += 1) !== nth) return calls < nth;
    kill();
    return false;
  };
  const [batch, s3] = [await startProxy(stack.endpoint, done), await startProxy(stack.s3Endpoint, done)];
  const env = {
    ...lab.environment,
    ...{ AWS_ENDPOINT_URL: batch.endpoint, BATCH_PIPELINE_BATCH_ENDPOINT: batch.endpoint },
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  };
  const cli = startCli(args, { cwd: lab.folder, env });
  kill = () => cli.process.kill('SIGKILL');
  const { code, stderr } = await cli.over;
  await Promise.all([batch.close(), s3.close()]);
  expect([code, stderr]).toEqual(
    calls < nth ? [expect.toBeOneOf([0, 4]), expect.anything()] : ['SIGKILL', expect.anything()],
  );
  return calls >= nth;
}

/** Names of the jobs that have not failed. */
async function live(lab: BatchLab): Promise<string[]> {
  const client = new BatchClient({ endpoint: stack.endpoint });
  const filters = [{ name: 'AFTER_CREATED_AT', values: ['0'] }];
  const { jobSummaryList = [] } = await client.send(new ListJobsCommand({ jobQueue: lab.bucket, filters }));
  client.destroy();
  return jobSummaryList.filter(({ status }) => status !== 'FAILED').map(({ jobName = '' }) => jobName);
}

/** Ends all that runs with a failure, until nothing is left. */
async function failAll(lab: BatchLab): Promise<void> {
  for (;;) {
    await stack.control('POST', 'finish', { exitCode: 1 });
    if ((await live(lab)).length === 0) return;
    await sleep(100);
  }
}

test('killed after any of its calls, the same command again submits each job once', async () => {
  let killed = 0;
  for (let nth = 1; ; nth += 1) {
    const lab = await openBatchLab(stack);
    const args = [...lab.run, ...lab.samples({ S1: 'one', S2: 'two' })];
    const died = await killedAfter(lab, nth, args);
    const again = await lab.command(...args);
    expect(again.code, `after call ${nth}: ${again.stderr}`).toBe(0);
    const names = await live(lab);
    const [prefix] = names.map((name) => name.replace(/-0-[a-z0-9-]+$/, ''));
    expect(names.toSorted(), `after call ${nth}`).toEqual(
      ['0-a-0-0', '0-all', '0-b-0-0', '0-c-0-0'].map((job) => `${prefix}-${job}`),
    );
    await stack.control('POST', 'wipe', {});
    if (!died) break;
    killed = nth;
  }
  // Checks, definitions, bundle, claim, pages, jobs, manifest, SubmitJobs and notes.
  expect(killed).toBeGreaterThan(25);
  console.log(`killed after each of ${killed} calls`);
});

test('killed after any call of a retry, the same command again submits each job once', async () => {
  for (let nth = 1; ; nth += 1) {
    const lab = await openBatchLab(stack);
    expect((await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'two' }))).code).toBe(0);
    // Nothing of it ran: all of it is there to be retried.
    await failAll(lab);
    const args = ['retry', '--store', lab.store];
    const died = await killedAfter(lab, nth, args);
    const again = await lab.command(...args);
    expect([0, 4], `after call ${nth}: ${again.stderr}`).toContain(again.code);
    const names = (await live(lab)).map((name) => name.replace(/^.*-[0-9a-f]{8}-/, '')).toSorted();
    // One that had only got as far as its number is left behind, and the next number taken.
    const [submission] = names.map((name) => name.slice(0, 1));
    expect(names, `after call ${nth}`).toEqual(['a-0-0', 'all', 'b-0-0', 'c-0-0'].map((job) => `${submission}-${job}`));
    await stack.control('POST', 'wipe', {});
    if (!died) break;
  }
});

test('after a status that settles the run is killed after any change, the next one does the rest, and gathers once', async () => {
  let killed = 0;
  for (let nth = 1; ; nth += 1) {
    const lab = await openBatchLab(stack);
    expect((await lab.command(...lab.run, ...lab.samples({ S1: 'one', S2: 'two' }))).code).toBe(0);
    await failAll(lab);
    const status = ['status', '--store', lab.store];
    const died = await killedAfter(lab, nth, status, changes);
    const again = await lab.command(...status, '--json');
    expect(again.code, `after change ${nth}: ${again.stderr}`).toBe(4);
    expect(states(again), `after change ${nth}`).toMatchObject({
      ...{ run: 'running', S1: 'tool upstream-failed upstream-failed', S2: 'tool upstream-failed upstream-failed' },
    });
    // The only one that has not failed.
    const names = (await live(lab)).map((name) => name.replace(/^.*-[0-9a-f]{8}-/, ''));
    expect(names, `after change ${nth}`).toEqual(['0-all-late']);
    await stack.control('POST', 'wipe', {});
    if (!died) break;
    killed = nth;
  }
  // Two records, the late gather and the note of it.
  expect(killed).toBe(4);
});
