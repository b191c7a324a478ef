import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kill } from '../../fixtures/crash/processes.ts';
import {
  ends,
  expectSound,
  leftAlive,
  openRaceLab,
  sizeOf,
  succeededTasks,
  until,
} from '../../fixtures/crash/race-lab.ts';

describe('two commands at once', () => {
  test('share common tasks: one success each, and the losing attempt’s files are removed', async () => {
    const lab = openRaceLab();
    const flags = ['-p', 'random=true'];
    const one = lab.run({ S1: '', S2: 'wait:go', S3: 'wait:go' }, ...flags);
    const two = lab.run({ S2: 'wait:go', S3: 'wait:go', S4: '' }, ...flags);
    // Now both commands are running an attempt of S2 and of S3, and these will not write the same bytes.
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
    }
    // Each command gathers its own three samples, and both the same bytes of those that they share.
    const lines = (samples: string[]) => samples.map((sample) => lab.content('draw', sample)).join('');
    expect(lab.gathered().toSorted()).toEqual([lines(['S1', 'S2', 'S3']), lines(['S2', 'S3', 'S4'])].toSorted());
  });

  test('started at the same moment are two runs, and both succeed', async () => {
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
    expect(lab.gathered()).toContain('text of S1 of S1\ntext of S2 of S2\ntext of S3 of S3\n');
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

describe('a heartbeat', () => {
  test('of a killed command is stale, even if its pid has been reused', async () => {
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
