import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Round, RoundEnd } from '../../fixtures/crash/full-disk.ts';

const SCENARIO = join(import.meta.dirname, '../../fixtures/crash/full-disk.ts');
const DISK_SIZE = '8m';
const ALL = ['all/cohort', 'copy/S1', 'copy/S2', 'draw/S1', 'draw/S2'];
const SOUND = { complaints: [], unreferenced: [], scratch: [], unfinished: [] };

test('a task that fills the disk fails with that cause, and the others finish', async () => {
  const [full, healed] = await playOnSmallDisk([{ deeds: { S1: 'hoard', S2: '' } }, { deeds: { S1: '', S2: '' } }]);
  expect(full, JSON.stringify(full)).toMatchObject({ code: 1, ...SOUND, failed: [{ task: 'draw/S1', cause: 'disk' }] });
  expect(healed).toMatchObject({ code: 0, ...SOUND });
});

test('a task whose record does not fit fails with that cause once there is space, and recovers', async () => {
  // S2 has all the room that it needs to begin, and then waits until there is some again.
  const deeds = { S1: 'wait:draw.S2 fill', S2: 'wait:go' };
  const [full, healed] = await playOnSmallDisk([{ deeds, freeAtAttempts: 1, cpus: 2 }, { deeds }]);
  expect(full, full?.stderr).toMatchObject({
    ...{ code: 1, complaints: [], scratch: [], unfinished: [] },
    ...{ failed: [{ task: 'draw/S1', cause: 'disk' }], succeeded: ['all/cohort', 'copy/S2', 'draw/S2'] },
  });
  expect(full?.stderr).toContain('The heartbeat of the run cannot be written');
  expect(healed, healed?.stderr).toMatchObject({ code: 0, ...SOUND });
  expect(healed?.succeeded).toEqual(['all/cohort', ...ALL]);
});

test('a disk that stays full ends the run with a hint, and the same command recovers it', async () => {
  const deeds = { S1: 'fill', S2: '' };
  const [full, healed] = await playOnSmallDisk([{ deeds }, { deeds, free: true }]);
  expect(full, full?.stderr).toMatchObject({ code: 3, complaints: [], succeeded: [], scratch: [], unfinished: [] });
  expect(full?.stderr).toContain('No space is left in the store');
  expect(healed, healed?.stderr).toMatchObject({ code: 0, ...SOUND, succeeded: ALL });
});

/** Runs on a filesystem mounted for one process, which ends with it. */
async function playOnSmallDisk(rounds: readonly Round[]): Promise<RoundEnd[]> {
  const home = mkdtempSync(join(tmpdir(), 'full-disk-'));
  const disk = mkdtempSync(join(tmpdir(), 'small-disk-'));
  onTestFinished(() => [home, disk].forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  const ownRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const mountAndRun = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && shift 2 && exec "$@"';
  const command = [process.execPath, SCENARIO, home, disk, JSON.stringify(rounds)];
  const args = ['--mount', ...ownRoot, 'sh', '-c', mountAndRun, 'sh', DISK_SIZE, disk, ...command];
  const { stdout } = await promisify(execFile)('unshare', args);
  return JSON.parse(stdout) as RoundEnd[];
}
