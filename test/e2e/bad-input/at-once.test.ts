import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runCli, startCli } from '../../fixtures/cli.ts';
import { closing } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, OBEY, workFolder } from '../../fixtures/work-folder.ts';

/** Twelve samples for the `letters` pipeline. */
const TEXTS = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`in/S${i + 1}.txt`, `c${i}\nb${i}\na${i}\n`] as const),
);

interface ResultRow {
  sample: string;
  name: string;
  sha256: string;
}

/** What a run published, identified by content. */
async function results(cwd: string, run: string, ...flags: string[]): Promise<ResultRow[]> {
  const { stdout } = await runCli(['results', run, '--json', ...flags], { cwd });
  return (JSON.parse(stdout) as ResultRow[]).map(({ sample, name, sha256 }) => ({ sample, name, sha256 }));
}

test('three runs at once on one store all succeed, with one success per task and the same results', async () => {
  const cwd = workFolder(TEXTS);
  const runs = [1, 2, 3].map(() => runCli(['run', LETTERS, '-s', 'in/*.txt'], { cwd }));
  expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0]);

  const records = filesIn(cwd, '**/v1/letters/records/**').map((name) => name.split('/').slice(-2).join('/'));
  const tasks = records.map((name) => name.replace(/\.[0-9a-f]{40}\.succeeded\.json$/, ''));
  expect(tasks).toHaveLength(12 * 2 + 1);
  expect(new Set(tasks).size).toBe(tasks.length);
  expect(tasks.filter((name) => name.includes('failed'))).toEqual([]);
  expect(filesIn(cwd, '**/v1/letters/outputs/**')).toHaveLength(12 * 2 + 1);
  expect(filesIn(cwd, '**/.scratch/**')).toEqual([]);

  const first = await results(cwd, 'letters-1');
  expect(first).toHaveLength(12 + 1);
  expect(await results(cwd, 'letters-2')).toEqual(first);
  expect(await results(cwd, 'letters-3')).toEqual(first);
  expect((await runCli(['results', '--verify'], { cwd })).stderr).toBe('13 files verified by checksum.\n');

  const alone = workFolder(TEXTS);
  await runCli(['run', LETTERS, '-s', 'in/*.txt'], { cwd: alone });
  expect(await results(alone, 'letters-1')).toEqual(first);
});

test('an input that changes between plan and task is refused by the task, and accepted by the next run', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'touch started\nawait go\n', 'in/S2.txt': 'print one\n' });
  addFiles(cwd, { 'in/S1.txt': `touch ${cwd}/started\nawait ${cwd}/go\n` });
  const run = startCli(['run', OBEY, '-s', 'in/*.txt', '--cpus', '1'], { cwd });
  while (!existsSync(join(cwd, 'started'))) await sleep(20);
  addFiles(cwd, { 'in/S2.txt': 'print one\nprint two\n' });
  addFiles(cwd, { go: '' });
  expect(closing(await run.over, cwd)).toMatchInlineSnapshot(`
    "exit 1
    failed S2 in step obey: input
      <folder>/in/S2.txt is not the file that the run was planned with
      -> Start the run again: it plans with the file as it is now.
      log: batch-pipeline logs S2 obey
      debug: batch-pipeline debug S2 obey

    Run obey-1: 2 samples, 1 succeeded, 1 failed; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);

  const again = await runCli(['run', OBEY, '-s', 'in/*.txt'], { cwd });
  expect(again.code).toBe(0);
  const [done] = filesIn(cwd, '**/v1/obey/outputs/obey/S2.*/**');
  expect(readFileSync(join(cwd, done ?? ''), 'utf8')).toBe('2 orders\n');
});
