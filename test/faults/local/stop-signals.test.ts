import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill } from '../../fixtures/crash/processes.ts';
import type { Command } from '../../fixtures/crash/program.ts';
import {
  expectSound,
  isHeld,
  leftAlive,
  letGo,
  openRaceLab,
  succeededTasks,
  until,
} from '../../fixtures/crash/race-lab.ts';

describe('a command that is asked to stop', () => {
  const deeds = { S1: '', S2: 'big:150 held' };

  test.for(['SIGINT', 'SIGTERM'] as const)('by %s while it publishes leaves nothing half-written', async (signal) => {
    const lab = openRaceLab();
    const command = lab.run(deeds);
    await until(() => isHeld(lab));
    await until(() => succeededTasks(lab).includes('copy/S1'));
    kill(command.pid, signal);
    await until(() => command.said().includes('Stopping'));
    letGo(lab);
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
    const lab = openRaceLab();
    const command = lab.run(deeds);
    await until(() => isHeld(lab));
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

  test('by cancel from another terminal stops, and reports it', async () => {
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

/** Signals that follow each other at once are one. */
async function stopTwice(command: Command): Promise<void> {
  kill(command.pid, 'SIGINT');
  await until(() => command.said().includes('Stopping'));
  kill(command.pid, 'SIGINT');
}
