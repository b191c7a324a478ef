import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill } from '../../fixtures/crash/processes.ts';
import type { Command } from '../../fixtures/crash/program.ts';
import { ends, leftAlive, openRaceLab, type RaceLab, until } from '../../fixtures/crash/race-lab.ts';

/** Nothing that should not be there: every object is known, whole and wanted, and nobody works any more. */
async function expectSound(lab: RaceLab): Promise<void> {
  expect(await leftAlive(lab)).toEqual([]);
  expect(lab.audit()).toMatchObject({ complaints: [], unreferenced: [], scratch: [] });
}

function succeededTasks(lab: RaceLab): string[] {
  return [...lab.audit().succeeded.values()].map(({ step, sample }) => `${step}/${sample}`).toSorted();
}

describe('two commands at once', () => {
  test('share what they both do: one success each, and the files of the one that lost are gone', async () => {
    const lab = openRaceLab();
    const flags = ['-p', 'random=true'];
    const one = lab.run({ S1: '', S2: 'wait:go', S3: 'wait:go' }, ...flags);
    const two = lab.run({ S2: 'wait:go', S3: 'wait:go', S4: '' }, ...flags);
    // Now both commands have an attempt of S2 and of S3 at work, and these will not write the same bytes.
    await lab.begun('draw', 'S2', 2);
    await lab.begun('draw', 'S3', 2);
    lab.release('go');
    expect(await ends(one, two)).toMatchObject([{ code: 0 }, { code: 0 }]);
    await expectSound(lab);
    expect(succeededTasks(lab)).toEqual([
      ...['all/cohort', 'all/cohort', 'copy/S1', 'copy/S2', 'copy/S3', 'copy/S4'],
      ...['draw/S1', 'draw/S2', 'draw/S3', 'draw/S4'],
    ]);
    for (const sample of ['S1', 'S2', 'S3', 'S4']) {
      expect(lab.content('copy', sample)).toBe(lab.content('draw', sample));
      for (const gathered of ['S2', 'S3'])
        expect(lab.content('all', 'cohort')).toContain(lab.content('draw', gathered));
    }
  });

  test('started at the same moment are two runs, and both end well', async () => {
    const lab = openRaceLab();
    const deeds = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`S${i}`, '']));
    const commands = Array.from({ length: 4 }, () => lab.run(deeds, '-p', 'random=true'));
    for (const end of await ends(...commands)) expect(end, end.stderr).toMatchObject({ code: 0 });
    await expectSound(lab);
    expect(succeededTasks(lab)).toHaveLength(2 * 8 + 1);
    for (const sample of Object.keys(deeds)) expect(lab.content('copy', sample)).toBe(lab.content('draw', sample));
  });

  test('run while retry does the same work', async () => {
    const lab = openRaceLab();
    const deeds = { S1: '', S2: 'needs:ok wait:go', S3: 'needs:ok wait:go' };
    expect((await lab.run(deeds).over).code).toBe(1);
    lab.release('ok');
    const retry = lab.command('retry');
    await lab.begun('draw', 'S3', 2);
    const run = lab.run(deeds);
    await lab.begun('draw', 'S3', 3);
    lab.release('go');
    expect(await ends(retry, run)).toMatchObject([{ code: 0 }, { code: 0 }]);
    await expectSound(lab);
    expect(lab.times('draw', 'S1')).toBe(1);
    expect(lab.content('all', 'cohort')).toContain('text of S3 of S3');
  });

  test('retry leaves a run alone that is still running', async () => {
    const lab = openRaceLab();
    const run = lab.run({ S1: 'wait:go', S2: 'needs:ok' });
    await lab.begun('draw', 'S1');
    await until(() => readdirSync(join(lab.store, 'v1/runs/race-1')).includes('heartbeat.json'));
    const refused = await lab.command('retry').over;
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.stderr).toContain('Run race-1 is still running');
    lab.release('go');
    expect((await run.over).code).toBe(1);
    expect(lab.times('draw', 'S2')).toBe(1);
  });
});

describe('a command that is asked to stop', () => {
  /** On another disk, so that publishing copies, and takes a while. */
  const elsewhere = (name: string) => ({ BATCH_PIPELINE_SCRATCH: `/dev/shm/${name}-${process.pid}` });
  const deeds = { S1: '', S2: 'big:150' };

  test.for(['SIGINT', 'SIGTERM'] as const)('by %s while it publishes leaves nothing half-written', async (signal) => {
    const lab = openRaceLab(elsewhere(signal));
    const command = lab.run(deeds);
    await until(() => sizeOfUnfinished(lab) > 1_000_000);
    process.kill(command.pid, signal);
    expect(await command.over).toMatchObject({ code: 130 });
    expect(await leftAlive(lab)).toEqual([]);
    expect(lab.audit()).toMatchObject({ complaints: [], scratch: [] });
    expect(lab.audit().failed).toMatchObject([{ step: 'draw', sample: 'S2', cause: 'cancelled' }]);
    expect(readdirSync(join(lab.store, '.tmp'))).toEqual([]);
    expect((await lab.run(deeds).over).code).toBe(0);
    await expectSound(lab);
    expect([lab.times('draw', 'S1'), lab.times('draw', 'S2')]).toEqual([1, 2]);
  });

  test('twice leaves nothing half-written either', async () => {
    const lab = openRaceLab(elsewhere('twice'));
    const command = lab.run(deeds);
    await until(() => sizeOfUnfinished(lab) > 1_000_000);
    await stopTwice(command);
    expect(await command.over).toMatchObject({ code: 130 });
    expect(await leftAlive(lab)).toEqual([]);
    expect(lab.audit()).toMatchObject({ complaints: [], scratch: [] });
    expect((await lab.run(deeds).over).code).toBe(0);
    await expectSound(lab);
  });

  test('twice kills the tools', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: 'endless', S2: 'stubborn', S3: '' });
    await lab.begun('draw', 'S1');
    await lab.begun('draw', 'S2');
    await until(() => lab.cast().tools.some(({ argv }) => argv[0] === 'sleep'));
    await stopTwice(command);
    const end = await command.over;
    expect(end, end.stderr).toMatchObject({ code: 130 });
    expect(await leftAlive(lab)).toEqual([]);
    expect(lab.audit()).toMatchObject({ complaints: [], scratch: [] });
    expect([lab.times('draw', 'S1'), lab.times('draw', 'S2')]).toEqual([1, 1]);
  });

  test('by cancel from another terminal stops, and says so', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: 'endless', S2: '' });
    await lab.begun('copy', 'S2');
    await until(() => lab.cast().tools.some(({ argv }) => argv[0] === 'sleep'));
    expect(await lab.command('cancel').over).toMatchObject({ code: 0 });
    await command.over;
    expect(lab.audit().failed).toMatchObject([{ step: 'draw', sample: 'S1', cause: 'cancelled' }]);
    expect(await leftAlive(lab)).toEqual([]);
  });
});

describe('a runner that is killed', () => {
  test('between publishing and its record has done nothing, and the next try does it', async () => {
    const lab = openRaceLab({ BATCH_PIPELINE_SCRATCH: `/dev/shm/log-${process.pid}` });
    const command = lab.run({ S1: 'chatty:150' });
    // The output is there, and the log is on its way: the record comes after it.
    await until(() => sizeOfUnfinished(lab) > 1_000_000 && lab.audit().unreferenced.length === 1);
    expect(lab.audit().succeeded.size).toBe(0);
    for (const { pid } of lab.cast().runners) kill(pid);
    expect((await command.over).code).toBe(0);
    await expectSound(lab);
    expect(lab.times('draw', 'S1')).toBe(2);
    const record = [...lab.audit().succeeded.values()].find(({ step }) => step === 'draw');
    expect(record?.attempt).toBe(2);
  });

  test('leaves files that never stand for the result of another try', async () => {
    const lab = openRaceLab({ BATCH_PIPELINE_SCRATCH: `/dev/shm/orphan-${process.pid}` });
    const deeds = { S1: 'chatty:150', S2: '' };
    const command = lab.run(deeds, '-p', 'random=true');
    await until(() => sizeOfUnfinished(lab) > 1_000_000 && lab.audit().unreferenced.length === 1);
    for (const { pid } of lab.cast().runners) kill(pid);
    expect((await command.over).code).toBe(0);
    await expectSound(lab);
    expect(lab.content('copy', 'S1')).toBe(lab.content('draw', 'S1'));
  });

  test('with its command leaves files that never stand for the result of the next', async () => {
    const lab = openRaceLab({ BATCH_PIPELINE_SCRATCH: `/dev/shm/orphan-${process.pid}` });
    const deeds = { S1: 'chatty:150', S2: '' };
    const command = lab.run(deeds, '-p', 'random=true');
    await until(() => sizeOfUnfinished(lab) > 1_000_000 && lab.audit().unreferenced.length === 1);
    killAll(command, lab);
    await command.over;
    const [left = ''] = lab.audit().unreferenced;
    const bytes = readFileSync(join(lab.store, left));
    expect((await lab.run(deeds, '-p', 'random=true').over).code).toBe(0);
    await expectSound(lab);
    // Should it come back, with the names and sizes of the files that count, and those be damaged, it does not count.
    mkdirSync(dirname(join(lab.store, left)), { recursive: true });
    writeFileSync(join(lab.store, left), bytes);
    const damaged = ['draw', 'copy'].flatMap((step) => outputsOf(lab, step, 'S1'));
    for (const { location } of damaged) writeDamaged(join(lab.store, location));
    const again = await lab.run(deeds, '-p', 'random=true').over;
    expect(again, again.stderr).toMatchObject({ code: 0 });
    await expectSound(lab);
    expect(lab.content('copy', 'S1')).toBe(lab.content('draw', 'S1'));
    expect([lab.times('draw', 'S1'), lab.times('draw', 'S2')]).toEqual([3, 1]);
  });

  test('and its command too leave nothing that the next command does not clear, though it has nothing to do', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: '', S2: 'endless' });
    await lab.begun('copy', 'S1');
    await until(() => lab.cast().tools.some(({ argv }) => argv[0] === 'sleep'));
    await until(() => succeededTasks(lab).includes('copy/S1'));
    killAll(command, lab);
    await command.over;
    expect(lab.cast().tools).not.toEqual([]);
    // The gather over S1 alone is still to be made; after that there is nothing.
    for (const said of ['Run race-', 'Everything is up to date']) {
      const end = await lab.run({ S1: '' }).over;
      expect(end, end.stderr).toMatchObject({ code: 0 });
      expect(end.stderr).toContain(said);
    }
    await expectSound(lab);
  });

  test('with nothing left to do leaves nothing either', async () => {
    const lab = openRaceLab();
    expect((await lab.run({ S1: '' }).over).code).toBe(0);
    const command = lab.run({ S1: '', S2: 'endless' });
    await until(() => lab.cast().tools.some(({ argv }) => argv[0] === 'sleep'));
    killAll(command, lab);
    await command.over;
    const end = await lab.run({ S1: '' }).over;
    expect(end.stderr).toContain('Everything is up to date');
    await expectSound(lab);
  });

  test('is not waited for by steps that hear no signal', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: 'stubborn' });
    await lab.begun('draw', 'S1');
    kill(command.pid);
    await command.over;
    expect(await leftAlive(lab)).toEqual([]);
    expect((await lab.run({ S1: '' }).over).code).toBe(0);
    await expectSound(lab);
  });
});

describe('a heartbeat', () => {
  test('of a command that was killed is nobody’s, also when its pid is somebody else’s by now', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: 'wait:go', S2: '' });
    const file = join(lab.store, 'v1/runs/race-1/heartbeat.json');
    await lab.begun('copy', 'S2');
    await until(() => sizeOf(file) > 0);
    kill(command.pid);
    await command.over;
    const beat = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...beat, pid: process.pid }));
    const status = await lab.command('status').over;
    expect(status).toMatchObject({ code: 4 });
    expect(status.stdout).toContain('interrupted');
    expect((await lab.command('cancel').over).stderr).toContain('Run race-1 is not running');
    lab.release('go');
    expect(await leftAlive(lab)).toEqual([]);
    const retry = await lab.command('retry').over;
    expect(retry, retry.stderr).toMatchObject({ code: 0 });
    await expectSound(lab);
    expect(succeededTasks(lab)).toEqual(['all/cohort', 'copy/S1', 'copy/S2', 'draw/S1', 'draw/S2']);
  });
});

function outputsOf(lab: RaceLab, step: string, sample: string) {
  const records = [...lab.audit().succeeded.values()];
  return records.find((record) => record.step === step && record.sample === sample)?.outputs ?? [];
}

/** Cut short; a store makes its files read-only. */
function writeDamaged(path: string): void {
  rmSync(path);
  writeFileSync(path, '');
}

/** Signals that follow each other at once are one. */
async function stopTwice(command: Command): Promise<void> {
  process.kill(command.pid, 'SIGINT');
  await until(() => command.said().includes('Stopping'));
  process.kill(command.pid, 'SIGINT');
}

/** The command and its runners, before one hears of the other's end; the tools live on. */
function killAll(command: Command, lab: RaceLab): void {
  const { runners } = lab.cast();
  for (const pid of [command.pid, ...runners.map((runner) => runner.pid)]) kill(pid);
}

/** Bytes of the largest file that is on its way into the store. */
function sizeOfUnfinished(lab: RaceLab): number {
  const folder = join(lab.store, '.tmp');
  try {
    return Math.max(0, ...readdirSync(folder).map((name) => sizeOf(join(folder, name))));
  } catch {
    return 0;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
