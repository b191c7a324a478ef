import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill, stop } from '../../fixtures/crash/processes.ts';
import type { Command } from '../../fixtures/crash/program.ts';
import {
  expectSound,
  isHeld,
  leftAlive,
  openRaceLab,
  type RaceLab,
  succeededTasks,
  until,
} from '../../fixtures/crash/race-lab.ts';

describe('a runner that is killed', () => {
  test('between publishing and its record has no effect, and the next attempt succeeds', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: 'chatty:150 held' });
    // The output is there, and the log is on its way: the record comes after it.
    await until(() => isHeld(lab));
    expect(lab.audit().unreferenced).toHaveLength(1);
    expect(lab.audit().succeeded.size).toBe(0);
    for (const { pid } of lab.cast().runners) kill(pid);
    expect((await command.over).code).toBe(0);
    await expectSound(lab);
    expect(lab.times('draw', 'S1')).toBe(2);
    const record = [...lab.audit().succeeded.values()].find(({ step }) => step === 'draw');
    expect(record?.attempt).toBe(2);
  });

  test('leaves files that never pass for the result of another attempt', async () => {
    const lab = openRaceLab();
    const deeds = { S1: 'chatty:150 held', S2: '' };
    const command = lab.run(deeds, '-p', 'random=true');
    await until(() => isHeld(lab));
    for (const { pid } of lab.cast().runners) kill(pid);
    expect((await command.over).code).toBe(0);
    await expectSound(lab);
    expect(lab.content('copy', 'S1')).toBe(lab.content('draw', 'S1'));
  });

  test('with its command leaves files that never pass for the result of the next', async () => {
    const lab = openRaceLab();
    const deeds = { S1: 'chatty:150 held', S2: '' };
    const command = lab.run(deeds, '-p', 'random=true');
    await until(() => isHeld(lab));
    await killAll(command, lab);
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

  test('and its command leave nothing that the next command does not remove, even with nothing to do', async () => {
    const lab = openRaceLab();
    const command = lab.run({ S1: '', S2: 'endless' });
    await lab.begun('copy', 'S1');
    await until(() => lab.cast().tools.some(({ argv }) => argv[0] === 'sleep'));
    await until(() => succeededTasks(lab).includes('copy/S1'));
    await killAll(command, lab);
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
    await killAll(command, lab);
    await command.over;
    const end = await lab.run({ S1: '' }).over;
    expect(end.stderr).toContain('0 tasks in 0 jobs, 3 up to date');
    await expectSound(lab);
  });

  test('is not waited for by steps that ignore signals', async () => {
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

function outputsOf(lab: RaceLab, step: string, sample: string) {
  const records = [...lab.audit().succeeded.values()];
  return records.find((record) => record.step === step && record.sample === sample)?.outputs ?? [];
}

/** Cut short; a store makes its files read-only. */
function writeDamaged(path: string): void {
  rmSync(path);
  writeFileSync(path, '');
}

/** The command and its runners; all stand still before the first dies, so that none hears of it and ends the tools. */
async function killAll(command: Command, lab: RaceLab): Promise<void> {
  await stop(command.pid);
  const { runners } = lab.cast();
  await Promise.all(runners.map(({ pid }) => stop(pid)));
  for (const { pid } of [command, ...runners]) kill(pid);
}
