import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { LETTERS, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const CLOCK = pathToFileURL(join(import.meta.dirname, '../../fixtures/shifted-clock.mjs')).href;
const NODE_OPTIONS = `--import ${CLOCK}`;

interface Status {
  run: string;
  state: string;
  summary: { succeeded: number; wallSeconds: number };
}

test('the last run is the one started last, regardless of the clock', async () => {
  const cwd = workFolder(TWO_TEXTS);
  const run = (ending: string, hours: string) =>
    runCli(['run', LETTERS, '-s', 'in/*.txt', '-p', `ending=${ending}`], {
      cwd,
      env: { NODE_OPTIONS, CLOCK_SHIFT_HOURS: hours },
    });
  const status = async () => JSON.parse((await runCli(['status', '--json'], { cwd })).stdout) as Status;
  expect((await run('.', '1000')).code).toBe(0);
  expect((await run('!', '0')).code).toBe(0);
  expect(await status()).toMatchObject({ run: 'letters-2', state: 'over' });
  expect((await run('?', '-1000')).code).toBe(0);
  expect(await status()).toMatchObject({ run: 'letters-3', state: 'over' });
  const runs = JSON.parse((await runCli(['runs', '--json'], { cwd })).stdout) as { run: string; createdAt: string }[];
  expect(runs.map(({ run: name }) => name)).toEqual(['letters-1', 'letters-2', 'letters-3']);
  expect(runs.map(({ createdAt }) => createdAt).toSorted()).toEqual(
    runs.map(({ createdAt }) => createdAt).toReversed(),
  );
  const log = await runCli(['logs', 'S1', '--json'], { cwd });
  expect(JSON.parse(log.stdout)).toMatchObject({ run: 'letters-3', params: { ending: '?' } });
});

test('a clock that runs backwards causes no failure, and no negative time', async () => {
  const cwd = workFolder(TWO_TEXTS);
  const env = { NODE_OPTIONS, CLOCK_BACKWARDS: '1' };
  await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd, env });
  const again = await runCli(['run', LETTERS, '-s', 'in/*.txt'], { cwd, env });
  expect(again.stderr).toBe('Everything is up to date: 2 samples, 5 tasks, all outputs exist.\n');
  const log = await runCli(['logs', 'S1', '--json'], { cwd });
  const record = JSON.parse(log.stdout) as { wallSeconds: number; startedAt: string; endedAt: string };
  expect(record.startedAt > record.endedAt).toBe(true);
  expect(record.wallSeconds).toBeGreaterThanOrEqual(0);
});
