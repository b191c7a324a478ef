import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsStack, startAwsStack } from '../../contract/aws-batch-stack.ts';
import { type FaultLab, openFaultLab, tries, untilSo } from './fault-lab.ts';

let stack: AwsStack;
beforeAll(() => {
  stack = startAwsStack({ timeScale: 1 });
}, 900_000);
afterAll(() => stack.stop());

const FORGOTTEN = /The outcome of 4 tasks is unknown: the engine no longer has their jobs, or belongs to another/;

/** A run of which S1 is through, and S2 and S3 wait in a tool for a file. */
async function openHalfDone(lab: FaultLab): Promise<{ flags: string[]; go: string }> {
  const go = join(lab.folder, 'go');
  const flags = [...lab.large(), ...lab.samples({ S1: '1', S2: `1\n${go}`, S3: `1\n${go}` })];
  const ran = await lab.command(...flags);
  expect(ran.code, ran.stderr).toBe(0);
  await untilSo(() => lab.audit().succeeded.size === 2);
  await untilSo(async () => (await stack.control('GET', 'state'))['running'] === 2);
  return { flags, go };
}

describe('jobs that Batch forgets while they run', () => {
  test.for(['retry', 'run'])('are never taken for finished, and %s runs what is not, once', async (verb) => {
    const lab = await openFaultLab(stack);
    const { flags, go } = await openHalfDone(lab);
    await stack.control('POST', 'wipe', {});
    await stack.takeCalls();
    const status = await lab.command('status', '--watch', '--store', lab.store);
    expect([status.code, status.stdout]).toEqual([4, expect.stringMatching(FORGOTTEN)]);
    expect(await lab.states()).toEqual({
      ...{ run: 'interrupted', S1: 'succeeded succeeded', S2: 'waiting waiting', S3: 'waiting waiting' },
      cohort: 'waiting',
    });
    const cancelled = await lab.command('cancel', '--store', lab.store);
    expect([cancelled.code, cancelled.stderr]).toEqual([0, expect.stringMatching(FORGOTTEN)]);
    // Nothing is gathered from half of the samples, and the run is not recorded as finished.
    expect((await stack.takeCalls())['batch:SubmitJob']).toBeUndefined();
    writeFileSync(go, '');
    const again = await lab.command(...(verb === 'run' ? flags : ['retry', '--store', lab.store]), '--watch');
    expect(again.code, again.stderr).toBe(0);
    const submission = verb === 'run' ? 0 : 1;
    expect(Object.keys(tries(await lab.tasks())).toSorted()).toEqual(
      ['make-0-0:0', 'make-0-0:1', 'sum-0-0:0', 'sum-0-0:1', 'sums'].map((task) => `${submission}-${task}`),
    );
    lab.expectSound(7);
    expect(lab.audit().failed).toEqual([]);
    expect((await lab.command('status', '--store', lab.store)).code).toBe(0);
  });

  test('and only seem forgotten if queried in another region: the run continues', async () => {
    const lab = await openFaultLab(stack);
    const { go } = await openHalfDone(lab);
    // Not for S3, whose server here has one region.
    const { AWS_REGION: _, ...environment } = lab.environment;
    const elsewhere = { ...environment, AWS_DEFAULT_REGION: 'eu-west-1' };
    const status = lab.startWith(elsewhere, 'status', '--json', '--store', lab.store);
    const { code, stdout } = await status.over;
    expect([code, JSON.parse(stdout)]).toMatchObject([4, { state: 'running', forgotten: 0 }]);
    writeFileSync(go, '');
    const watched = await lab.command('status', '--watch', '--store', lab.store);
    expect(watched.code, watched.stdout).toBe(0);
    lab.expectSound(7);
  });
});

test('jobs that Batch forgets after success are not needed: everything is in the store', async () => {
  const lab = await openFaultLab(stack);
  const go = join(lab.folder, 'go');
  writeFileSync(go, '');
  const flags = [...lab.large(), ...lab.samples({ S1: `1\n${go}`, S2: '1' })];
  const ran = await lab.command(...flags, '--watch');
  expect(ran.code, ran.stderr).toBe(0);
  await stack.control('POST', 'wipe', {});
  await stack.takeCalls();
  const store = ['--store', lab.store];
  const told = async (...args: string[]) => {
    const { code, stdout, stderr } = await lab.command(...args, ...store);
    return [code, stdout + stderr];
  };
  expect(await told('status')).toEqual([0, expect.stringMatching(/large-1.*: over/)]);
  expect(await told('logs', 'S1', 'make')).toEqual([0, expect.stringContaining(`waiting for ${go}`)]);
  expect(await told('logs', 'cohort', 'sums')).toEqual([0, expect.stringContaining('succeeded, try 1')]);
  expect(await told('runs')).toEqual([0, expect.stringMatching(/large-1 +large +aws-batch/)]);
  expect(await told('results', '--to', 'out')).toEqual([0, expect.stringContaining('3 files')]);
  expect(existsSync(join(lab.folder, 'out/cohort/sums/sums.txt'))).toBe(true);
  expect(await told('cancel')).toEqual([0, expect.stringContaining('is not running')]);
  expect(await told('retry')).toEqual([0, expect.stringContaining('has nothing to retry')]);
  expect((await lab.command(...flags)).stderr).toContain('Everything is up to date');
  const { 'batch:SubmitJob': submitted } = await stack.takeCalls();
  expect(submitted).toBeUndefined();
  lab.expectSound(5);
});
