import { copyFileSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, PIPELINES, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const RUN = ['run', LETTERS, '-s', 'in/*.txt'] as const;
const PLAN = ['plan', LETTERS, '-s', 'in/*.txt'] as const;
const COMPARING = 'Comparing 1 input (4 B) whose modification time changed with the checksums on record.\n';
const UP_TO_DATE = 'Everything is up to date: 2 samples, 5 tasks, all outputs exist.';

/** A folder in which `letters` has run. */
async function finished(): Promise<string> {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  return cwd;
}

/** Gives a file another time. */
function touch(path: string, seconds: number): void {
  utimesSync(path, seconds, seconds);
}

async function ask(cwd: string, ...args: string[]): Promise<string> {
  return told(await runCli(args, { cwd }), cwd);
}

/** What `plan --json` reports for each step. */
async function decisions(cwd: string, ...args: string[]): Promise<Record<string, string[]>> {
  const { stdout } = await exits(0, ['plan', ...args, '--json'], { cwd });
  const { steps } = JSON.parse(stdout) as { steps: { step: string; decisions: string[] }[] };
  return Object.fromEntries(steps.map((step) => [step.step, step.decisions]));
}

function notes(cwd: string): string[] {
  return filesIn(cwd, 'batch-pipeline-store/v1/inputs/*');
}

test('a touched input is compared once and runs nothing; plan says so and writes nothing', async () => {
  const cwd = await finished();
  touch(join(cwd, 'in/S1.txt'), 1000);
  const before = filesIn(cwd);
  expect(await ask(cwd, ...PLAN)).toMatchInlineSnapshot(`
    "exit 0
    step    run  up to date  not needed
    sorted  0    2           0
    marked  0    2           0
    table   0    1           0

    Counted as before
      txt  time changed, same size and content  S1

    Jobs
      none: everything is up to date
    Comparing 1 input (4 B) whose modification time changed with the checksums on record."
  `);
  expect(filesIn(cwd)).toEqual(before);
  expect(await ask(cwd, ...RUN)).toBe(`exit 0\n${COMPARING}${UP_TO_DATE}`);
  expect(notes(cwd)).toHaveLength(1);
  // From now on the file need not be read again.
  expect(await ask(cwd, ...RUN)).toBe(`exit 0\n${UP_TO_DATE}`);
  touch(join(cwd, 'in/S1.txt'), 2000);
  expect(await ask(cwd, ...RUN)).toBe(`exit 0\n${COMPARING}${UP_TO_DATE}`);
});

test('so is one that was copied, or whose time was truncated to seconds', async () => {
  const cwd = await finished();
  const file = join(cwd, 'in/S1.txt');
  touch(file, Math.floor(statSync(file).mtimeMs / 1000));
  expect(await ask(cwd, ...RUN)).toBe(`exit 0\n${COMPARING}${UP_TO_DATE}`);
  copyFileSync(file, join(cwd, 'copy'));
  renameSync(join(cwd, 'copy'), file);
  expect(await ask(cwd, ...RUN)).toBe(`exit 0\n${COMPARING}${UP_TO_DATE}`);
});

test('different bytes of the same size rerun, also after a note on the earlier bytes', async () => {
  const cwd = await finished();
  touch(join(cwd, 'in/S1.txt'), 1000);
  await exits(0, RUN, { cwd });
  addFiles(cwd, { 'in/S1.txt': 'z\na\n' });
  expect(await decisions(cwd, ...PLAN.slice(1))).toEqual({
    sorted: ['run', 'up-to-date'],
    marked: ['run', 'up-to-date'],
    table: ['run'],
  });
  await exits(0, RUN, { cwd });
  await exits(0, ['results', '--to', 'out'], { cwd });
  expect(readFileSync(join(cwd, 'out/S1/marked/S1.marked.txt'), 'utf8')).toBe('a\nz\n');
  // And back: what there was is still there.
  addFiles(cwd, { 'in/S1.txt': TWO_TEXTS['in/S1.txt'] });
  expect((await decisions(cwd, ...PLAN.slice(1)))['sorted']).toEqual(['up-to-date', 'up-to-date']);
});

test('if something else has changed too, only that counts', async () => {
  const cwd = await finished();
  touch(join(cwd, 'in/S1.txt'), 1000);
  expect(await decisions(cwd, ...PLAN.slice(1), '-p', 'copies=2')).toEqual({
    sorted: ['up-to-date', 'up-to-date'],
    marked: ['run', 'run'],
    table: ['run'],
  });
  await exits(0, [...RUN, '-p', 'copies=2'], { cwd });
  expect(await decisions(cwd, ...PLAN.slice(1))).toEqual({
    sorted: ['up-to-date', 'up-to-date'],
    marked: ['up-to-date', 'up-to-date'],
    table: ['up-to-date'],
  });
});

test('an input is read only if that can save a task', async () => {
  const cwd = await finished();
  for (const name of ['S1', 'S2']) touch(join(cwd, `in/${name}.txt`), 1000);
  addFiles(cwd, { 'in/S2.txt': 'longer than before\n' });
  const plan = await exits(0, PLAN, { cwd });
  expect(plan.stderr).toBe(COMPARING);
  expect(plan.stdout).toContain('txt  time changed, same size and content  S1\n');
});

describe('a file that all samples share', () => {
  const nothingRuns = { index: ['up-to-date'], align: ['up-to-date', 'up-to-date'] };

  /** A folder with its own pipeline, which has run with a file for its reference. */
  async function sharing(): Promise<{ cwd: string; request: string[] }> {
    const cwd = workFolder({ ...TWO_TEXTS, 'ref.txt': 'ACGT\n' });
    copyFileSync(join(PIPELINES, 'shared-reference.ts'), join(cwd, 'mine.ts'));
    const request = ['./mine.ts', '-s', 'in/*.txt'];
    await exits(0, ['run', ...request, '--reference-file', 'genome=ref.txt'], { cwd });
    return { cwd, request };
  }

  const build = (name: string) => {
    return ['reference', 'build', name, '--pipeline', './mine.ts', '--reference-file', 'genome=ref.txt'];
  };

  test('may get another time, or another name', async () => {
    const { cwd, request } = await sharing();
    touch(join(cwd, 'ref.txt'), 1000);
    expect(await decisions(cwd, ...request, '--reference-file', 'genome=ref.txt')).toEqual(nothingRuns);
    await exits(0, build('R1'), { cwd });
    expect(await decisions(cwd, ...request, '--reference', 'R1')).toEqual(nothingRuns);
    addFiles(cwd, { 'ref.txt': 'ACCT\n' });
    expect(await decisions(cwd, ...request, '--reference-file', 'genome=ref.txt')).toEqual({
      ...{ index: ['run'], align: ['run', 'run'] },
    });
  });

  test('may be touched together with the samples’ own files', async () => {
    const { cwd, request } = await sharing();
    for (const file of ['ref.txt', 'in/S1.txt', 'in/S2.txt']) touch(join(cwd, file), 1000);
    const run = await exits(0, ['run', ...request, '--reference-file', 'genome=ref.txt'], { cwd });
    expect(run.stderr).toContain('Everything is up to date: 2 samples, 3 tasks');
    expect(notes(cwd)).toHaveLength(3);
  });

  test('may be rebuilt, and reruns no sample if the bytes are the same', async () => {
    const { cwd, request } = await sharing();
    await exits(0, build('R1'), { cwd });
    const edit = (from: string, to: string) => {
      const path = join(cwd, 'mine.ts');
      addFiles(cwd, { 'mine.ts': readFileSync(path, 'utf8').replace(from, to) });
    };
    edit("name: 'index',", "name: 'index', version: '2',");
    const planned = await decisions(cwd, ...request, '--reference', 'R1');
    expect(planned).toEqual({ index: ['run'], align: ['run', 'run'] });
    await exits(0, build('R2'), { cwd });
    expect(await decisions(cwd, ...request, '--reference', 'R2')).toEqual(nothingRuns);
    expect(await ask(cwd, 'plan', ...request, '--reference', 'R2')).toMatch(/index +rebuilt, same content/);
    // A new sample joins those that are there, and what it reads is what was built last.
    addFiles(cwd, { 'in/S3.txt': 'new\n' });
    expect(await decisions(cwd, ...request, '--reference', 'R2')).toEqual({
      ...{ index: ['up-to-date'], align: ['up-to-date', 'up-to-date', 'run'] },
    });
    await exits(0, ['run', ...request, '--reference', 'R2'], { cwd });
    expect(await decisions(cwd, ...request, '--reference', 'R2')).toEqual({
      ...{ index: ['up-to-date'], align: ['up-to-date', 'up-to-date', 'up-to-date'] },
    });
    // The same bytes under another name are something else.
    edit("'genome.idx'", "'other.idx'");
    await exits(0, build('R3'), { cwd });
    expect(await decisions(cwd, ...request, '--reference', 'R3')).toEqual({
      ...{ index: ['up-to-date'], align: ['run', 'run', 'run'] },
    });
    edit("'other.idx'", "'genome.idx'");
    edit('.reverse()', '');
    edit("version: '2'", "version: '3'");
    await exits(0, build('R4'), { cwd });
    expect(await decisions(cwd, ...request, '--reference', 'R4')).toEqual({
      ...{ index: ['up-to-date'], align: ['run', 'run', 'run'] },
    });
  });
});
