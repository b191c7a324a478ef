import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LocalEngineOptions } from '../../src/engine/local/local-engine.ts';
import { findCast, kill, untilNone } from '../fixtures/crash/processes.ts';
import { engineContract } from 'batch-pipeline/testing';
import { type EngineLab, openLab, statesOf } from '../../src/testing/engine/engine-lab.ts';
import type { LocalHarness } from '../../src/testing/engine/local-harness.ts';
import { openLocalHarness, RUNNER_FOLDER } from './engine/local-harness.ts';
import { holdTo } from './hold-to.ts';

/** No test waits for it: by then it has failed. */
const PATIENCE_MS = 10_000;

holdTo(
  'the local engine keeps the contract of an engine',
  engineContract(() => openHere({})),
);

describe('the local engine', () => {
  test('assigns no more cpus than it has, later steps first', async () => {
    const lab = await openHereLab({ capacity: { cpus: 1, memoryMiB: 1000 } });
    await (await lab.start({ S1: {}, S2: {}, S3: { first: 'fail' }, S4: {} })).over();
    const tasks = ['reference.cohort', 'first.S1', 'second.S1', 'first.S2', 'second.S2', 'first.S3', 'first.S4'];
    const order = [...tasks, 'second.S4', 'gather.cohort'];
    expect(inOrder(lab, lab.marks('start'))).toEqual(order.map((task) => `${task}.1.start`));
    const ended = order.filter((task) => task !== 'first.S3');
    const times = ended.flatMap((task) => [lab.time(`${task}.1.start`), lab.time(`${task}.1.end`)]);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
  });

  test('assigns no more memory than it has', async () => {
    const lab = await openHereLab({ capacity: { cpus: 8, memoryMiB: 250 } });
    const run = await lab.start({ S1: { first: 'wait:go' }, S2: { first: 'wait:go' }, S3: { first: 'wait:go' } });
    await lab.happened('first.S1.1.start');
    await lab.happened('first.S2.1.start');
    const [status] = await lab.engine.poll([run.jobOf('first')]);
    expect(status?.counts).toMatchObject({ running: 2, runnable: 1 });
    lab.release('go');
    expect((await run.over()).summary).toMatchObject({ succeeded: 3 });
  });

  test('does not charge a task for memory that an earlier, shorter one left in the runner', async () => {
    const lab = await openHereLab({ capacity: { cpus: 1, memoryMiB: 1000 } });
    const { summary } = await (await lab.start({ S1: { first: 'keep:300' }, S2: { first: 'linger' } })).over();
    expect(summary).toMatchObject({ succeeded: 2, failed: 0 });
  });

  test('does not enforce a time limit of weeks early', async () => {
    const lab = await openHereLab({});
    const run = await lab.start({ S1: { first: 'wait:go' } }, { resources: { timeLimitSeconds: 40 * 86_400 } });
    await lab.happened('first.S1.1.start');
    lab.release('go');
    expect((await run.over()).summary).toMatchObject({ succeeded: 1, failed: 0 });
  });

  test('stops a task that ignores signals when its time limit is reached, with the cause timeout', async () => {
    const lab = await openHereLab({ graceMs: { timeLimit: 500 } });
    const options = { attempts: 3, resources: { timeLimitSeconds: 1 } };
    const { table } = await (await lab.start({ S1: { first: 'deaf' } }, options)).over();
    expect(statesOf(table)['S1']).toEqual(['failed: timeout', 'upstream-failed']);
    expect(await lab.records('first')).toMatchObject([{ cause: 'timeout', attempt: 1 }]);
    expect(lab.marks('start').filter((mark) => mark.startsWith('first'))).toEqual(['first.S1.1.start']);
  });

  test('stops a task that ignores signals when it is cancelled, and does not start it again', async () => {
    const lab = await openHereLab({ graceMs: { cancel: 500 } });
    const run = await lab.start({ S1: { first: 'deaf' } }, { attempts: 3 });
    await lab.happened('first.S1.1.start');
    await lab.engine.cancel(run.jobIds, 'The test wants it');
    const { table } = await run.over();
    expect(statesOf(table)['S1']?.[0]).toBe('failed: cancelled');
    expect(await lab.records('first')).toMatchObject([{ cause: 'cancelled', message: 'The test wants it' }]);
    expect(lab.marks('start').filter((mark) => mark.startsWith('first'))).toEqual(['first.S1.1.start']);
  });

  test('kills everything at once, including tools, and starts nothing more', async () => {
    const lab = await openHereLab({ capacity: { cpus: 2, memoryMiB: 1000 } });
    const samples = { S1: { first: 'endless' }, S2: { first: 'endless' }, S3: { first: 'endless' } };
    const run = await lab.start(samples, { attempts: 3 });
    await lab.happened('first.S1.1.start');
    await lab.happened('first.S2.1.start');
    lab.engine.kill();
    const { table } = await run.over();
    expect([statesOf(table)['S1']?.[0], statesOf(table)['S2']?.[0]]).toEqual([
      'failed: cancelled',
      'failed: cancelled',
    ]);
    expect(lab.marks('start').filter((mark) => mark.startsWith('first'))).toHaveLength(2);
    await lab.engine.close();
    expect(await nothingLeft(lab)).toEqual([]);
  });

  test('ends the tool of a killed runner, and removes its leftovers, before the run ends', async () => {
    const lab = await openHereLab({});
    const run = await lab.start({ S1: { first: 'endless' }, S2: { first: 'wait:go' } });
    await lab.happened('first.S1.1.start');
    const [tool] = await untilSome(() => findCast(RUNNER_FOLDER, lab.scratchRoot).tools);
    kill(tool?.parent ?? 0);
    expect(await untilNone(() => findCast(RUNNER_FOLDER, lab.scratchRoot).tools, PATIENCE_MS)).toEqual([]);
    lab.release('go');
    const { table } = await run.over();
    expect(statesOf(table)).toMatchObject({ S1: ['failed: lost', 'upstream-failed'], S2: ['succeeded', 'succeeded'] });
    expect(await nothingLeft(lab)).toEqual([]);
  });

  test('releases a task that ignores signals when it is closed', async () => {
    const lab = await openHereLab({ graceMs: { cancel: 500 } });
    await lab.start({ S1: { first: 'deaf' } });
    await lab.happened('first.S1.1.start');
    await lab.engine.close();
    expect(lab.marks('start')).toContain('first.S1.1.start');
    expect(lab.engine.running().filter(({ step }) => step === 'first')).toEqual([]);
  });
});

async function openHere(options: Partial<LocalEngineOptions>): Promise<LocalHarness> {
  const home = mkdtempSync(join(tmpdir(), 'local-engine-'));
  const harness = openLocalHarness(home, options);
  const close = async () => {
    await harness.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { ...harness, close };
}

async function openHereLab(options: Partial<LocalEngineOptions>): Promise<LocalHarness & EngineLab> {
  const harness = await openHere(options);
  onTestFinished(() => harness.close());
  return { ...harness, ...openLab(harness), engine: harness.engine };
}

function inOrder(lab: EngineLab, marks: readonly string[]): string[] {
  return marks.toSorted((a, b) => Number(lab.time(a) - lab.time(b)));
}

/** Scratch folders and tools that no process is left to remove. */
async function nothingLeft({ scratchRoot }: LocalHarness): Promise<string[]> {
  const look = () => [
    ...(existsSync(scratchRoot) ? readdirSync(scratchRoot) : []),
    ...findCast(RUNNER_FOLDER, scratchRoot).tools.map(({ argv }) => argv.join(' ')),
  ];
  return untilNone(look, PATIENCE_MS);
}

async function untilSome<T>(look: () => T[]): Promise<T[]> {
  await untilNone(() => (look().length > 0 ? [] : ['nobody']), PATIENCE_MS);
  return look();
}
