import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli, startCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { saidBy, versionFiles } from '../../fixtures/two-versions.ts';
import { pidIn, until } from '../../fixtures/until.ts';
import { addFiles, filesIn, workFolder } from '../../fixtures/work-folder.ts';

const RUN = ['run', './mine/pipeline.ts', '-s', 'in/*.txt'] as const;
const PLAN = ['plan', ...RUN.slice(1)] as const;

/** v1 has run: A is done, B misses its file. */
async function halfDone(): Promise<string> {
  const folder = workFolder({ ...versionFiles('v1'), 'in/A.txt': 'fine' });
  addFiles(folder, { 'in/B.txt': join(folder, 'there') });
  await exits(1, RUN, { cwd: folder });
  return folder;
}

/** The one file of this name that was published. */
function published(folder: string, name: string): string[] {
  return filesIn(folder, `batch-pipeline-store/v1/versions/outputs/*/*/${name}`).map((file) =>
    readFileSync(join(folder, file), 'utf8'),
  );
}

test('a retry runs the code that the run was planned with, and reports that the file has changed', async () => {
  const folder = await halfDone();
  addFiles(folder, { ...versionFiles('v2'), there: '' });
  const retried = await exits(0, ['retry'], { cwd: folder });
  expect(told(retried, folder)).toContain(
    'warning: steps work, all were edited since; this run keeps the code that it was planned with ("batch-pipeline run" uses the new code)',
  );
  expect(published(folder, 'all.txt')).toContain(`A: ${saidBy('v1')}\nB: ${saidBy('v1')}\nall v1`);
  expect(published(folder, 'B.said')).toEqual([saidBy('v1')]);

  // The new code has different keys.
  await exits(0, RUN, { cwd: folder });
  expect(published(folder, 'B.said').toSorted()).toEqual([saidBy('v1'), saidBy('v2')]);
  expect(published(folder, 'all.txt')).toContain(`A: ${saidBy('v2')}\nB: ${saidBy('v2')}\nall v2`);

  // And what lies under those of the old one is its own.
  addFiles(folder, versionFiles('v1'));
  expect(told(await exits(0, PLAN, { cwd: folder }), folder)).toMatch(/up to date/i);
  await exits(0, RUN, { cwd: folder });
  expect(published(folder, 'B.said')).toHaveLength(2);
});

test('if the old code fails, a retry with an edited file fails too', async () => {
  const folder = await halfDone();
  addFiles(folder, versionFiles('v2'));
  const retried = await exits(1, ['retry'], { cwd: folder });
  expect(closing(retried, folder)).toContain('Error: v1 misses its file');
  expect(closing(retried, folder)).toContain('file://<folder>/mine/pipeline.ts:');
});

test('a retry needs none of the files any more', async () => {
  const folder = await halfDone();
  rmSync(join(folder, 'mine'), { recursive: true });
  addFiles(folder, { there: '' });
  const retried = await exits(0, ['retry'], { cwd: folder });
  expect(told(retried, folder)).not.toContain('warning');
  expect(published(folder, 'all.txt')).toContain(`A: ${saidBy('v1')}\nB: ${saidBy('v1')}\nall v1`);
});

test('nor a file that a step declares', async () => {
  const folder = workFolder({ ...versionFiles('v1'), 'in/A.txt': 'fine' });
  addFiles(folder, { 'in/B.txt': join(folder, 'there') });
  await exits(1, RUN, { cwd: folder });
  rmSync(join(folder, 'mine/words.txt'));
  addFiles(folder, { there: '' });
  await exits(0, ['retry'], { cwd: folder });
  expect(published(folder, 'B.said')).toEqual([saidBy('v1')]);
});

test('a runner started after an edit runs what the run was planned with', async () => {
  const folder = workFolder({ ...versionFiles('v1'), 'in/A.txt': 'fine' });
  const pidFile = join(folder, 'pid');
  addFiles(folder, { 'in/B.txt': `hold ${pidFile}` });
  const run = startCli(RUN, { cwd: folder });
  const pid = await pidIn(pidFile);
  addFiles(folder, versionFiles('v2'));
  rmSync(pidFile);
  process.kill(pid, 'SIGKILL');
  await until(() => filesIn(folder, 'pid').length > 0 && readFileSync(pidFile, 'utf8') !== String(pid));
  rmSync(pidFile);
  const { code, stderr } = await run.over;
  expect(code, stderr).toBe(0);
  expect(published(folder, 'all.txt')).toEqual([`A: ${saidBy('v1')}\nB: ${saidBy('v1')}\nall v1`]);
});

test('a file that changes while the run is being planned is refused, and nothing is started', async () => {
  const folder = workFolder({ ...versionFiles('v1'), 'in/A.txt': 'fine' });
  const path = JSON.stringify(join(folder, 'mine/pipeline.ts'));
  const edit = `import { appendFileSync } from 'node:fs';\nappendFileSync(${path}, '// edited\\n');\n`;
  addFiles(folder, { 'mine/pipeline.ts': edit + versionFiles('v1')['mine/pipeline.ts'] });
  expect(told(await runCli(RUN, { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine/pipeline.ts: The file changed while the run was being planned
      -> Nothing was started: run the same command again."
  `);
  expect(filesIn(folder, 'batch-pipeline-store/**')).toEqual([]);
});

test('code removed from the store is recreated from the same file, and refused from a changed one', async () => {
  const folder = await halfDone();
  const lose = () => rmSync(join(folder, 'batch-pipeline-store/v1/bundles'), { recursive: true });
  lose();
  addFiles(folder, versionFiles('v2'));
  expect(told(await runCli(['retry'], { cwd: folder }), folder).replace(/[0-9a-f]{64}/, '<sha256>'))
    .toMatchInlineSnapshot(`
    "exit 3
    error: file://<folder>/batch-pipeline-store/v1/bundles/<sha256>.zip: The code of run versions-1 is no longer in the store as it was, and the pipeline's file has changed
      -> Start the run again: finished work is kept."
  `);
  addFiles(folder, { ...versionFiles('v1'), there: '' });
  await exits(0, ['retry'], { cwd: folder });
});

test('nothing is stored if nothing runs, and unchanged code is stored once', async () => {
  const folder = await halfDone();
  const zips = () => filesIn(folder, 'batch-pipeline-store/v1/bundles/*.zip');
  expect(zips()).toHaveLength(1);
  addFiles(folder, { there: '' });
  await exits(0, RUN, { cwd: folder });
  await exits(0, RUN, { cwd: folder });
  expect(zips()).toHaveLength(1);
  // Of one sample everything is done, but the latest run is of others.
  await exits(0, ['run', './mine/pipeline.ts', '-s', 'A', '--inputs', 'in'], { cwd: folder });
  expect(filesIn(folder, 'batch-pipeline-store/.scratch/**')).toEqual([]);
});
