import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { filesIn, LETTERS, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const RUN = ['run', LETTERS, '-s', 'in/*.txt'] as const;

/** A folder in which `letters` has run. */
async function finished(): Promise<string> {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  return cwd;
}

/** Path of the one file of the store that matches. */
function stored(cwd: string, pattern: string): string {
  const found = filesIn(cwd, `batch-pipeline-store/v1/${pattern}`);
  expect(found).toHaveLength(1);
  return join(cwd, found[0] ?? '');
}

function overwrite(path: string, text: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, text);
}

async function ask(cwd: string, ...args: string[]): Promise<string> {
  return told(await runCli(args, { cwd }), cwd);
}

test('a deleted intermediate is recreated only when needed', async () => {
  const cwd = await finished();
  rmSync(stored(cwd, 'letters/outputs/sorted/S1.*/*'));
  expect(await ask(cwd, ...RUN)).toMatchInlineSnapshot(`
    "exit 0
    Everything is up to date: 2 samples, 4 tasks, all outputs exist."
  `);
  expect(await ask(cwd, 'plan', ...RUN.slice(1), '-p', 'copies=2')).toMatchInlineSnapshot(`
    "exit 0
    step    run  up to date  not needed
    sorted  1    1           0
    marked  2    0           0
    table   1    0           0

    Why
      sorted  its files were removed  S1
      marked  params changed          S1, S2
      table   inputs changed          cohort

    Jobs
      0-sorted-0-0  single job  1 cpu, 100 MB, 1 min
      0-marked-0-0  single job  1 cpu, 100 MB, 1 min  after 0-sorted-0-0 (SUCCESS)
      0-marked-1-0  single job  1 cpu, 100 MB, 1 min
      0-table       single job  1 cpu, 100 MB, 1 min  after 0-marked-0-0 (ANY), 0-marked-1-0 (ANY)"
  `);
  await exits(0, [...RUN, '-p', 'copies=2'], { cwd });
  expect(readFileSync(stored(cwd, 'letters/outputs/sorted/S1.*/*'), 'utf8')).toBe('a\nb\n');
});

test('a deleted result is recreated', async () => {
  const cwd = await finished();
  const result = stored(cwd, 'letters/outputs/marked/S2.*/*');
  rmSync(result);
  expect(await ask(cwd, 'plan', ...RUN.slice(1))).toMatchInlineSnapshot(`
    "exit 0
    step    run  up to date  not needed
    sorted  0    2           0
    marked  1    1           0
    table   0    1           0

    Why
      marked  its files were removed  S2

    Jobs
      0-marked-0-0  single job  1 cpu, 100 MB, 1 min
      0-table       single job  1 cpu, 100 MB, 1 min  after 0-marked-0-0 (ANY)"
  `);
  await exits(0, RUN, { cwd });
  expect(readFileSync(result, 'utf8')).toBe('c\nd\n');
});

test('a truncated result is recreated', async () => {
  const cwd = await finished();
  const result = stored(cwd, 'letters/outputs/marked/S2.*/*');
  overwrite(result, 'c');
  expect(await ask(cwd, 'status')).toMatchInlineSnapshot(`
    "exit 4
    Run letters-1 of letters on local, started <time>: interrupted; the same \`run\` command carries on

    sample  sorted     marked
    S2      succeeded  output damaged
    S1      succeeded  succeeded

    sorted          2 succeeded
    marked          1 succeeded, 1 damaged
    table (cohort)  waiting"
  `);
  await exits(0, RUN, { cwd });
  expect(readFileSync(result, 'utf8')).toBe('c\nd\n');
});

test('an intermediate of the same size and different content is found by its checksum, and recreated', async () => {
  const cwd = await finished();
  const intermediate = stored(cwd, 'letters/outputs/sorted/S1.*/*');
  overwrite(intermediate, 'x\ny\n');
  expect(closing(await runCli([...RUN, '-p', 'ending=!'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 1
    failed S1 in step marked: input
      <folder>/batch-pipeline-store/v1/letters/outputs/sorted/S1.<key>-<print>/S1.sorted.txt: The output of step sorted was changed or removed after it was recorded
      -> batch-pipeline retry recreates it.
      log: batch-pipeline logs S1 marked
      debug: batch-pipeline debug S1 marked

    Run letters-2: 2 samples, 1 succeeded, 1 failed; 3 tasks run, 1 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  await exits(0, ['retry'], { cwd });
  expect(readFileSync(intermediate, 'utf8')).toBe('a\nb\n');
  const [table] = filesIn(cwd, 'batch-pipeline-store/v1/letters/outputs/table/**').filter(
    (name) => readFileSync(join(cwd, name), 'utf8') === 'S1\ta! b! \nS2\tc! d! \n',
  );
  expect(table).toBeDefined();
});

test('a result of the same size and different content is reported by --verify', async () => {
  const cwd = await finished();
  overwrite(stored(cwd, 'letters/outputs/marked/S1.*/*'), 'x\ny\n');
  expect(await ask(cwd, 'results', '--verify')).toMatchInlineSnapshot(`
    "exit 3
    damaged: S1 marked v1/letters/outputs/marked/S1.<key>-<print>/S1.marked.txt
    1 of 3 files damaged; remove them and run again."
  `);
});

test('edited, truncated or deleted documents of a run are named', async () => {
  const cwd = await finished();
  const page = stored(cwd, 'runs/letters-1/samples/00000.json');
  const text = readFileSync(page, 'utf8');
  overwrite(page, text.replace('S1', 'S9'));
  expect(await ask(cwd, 'status')).toMatchInlineSnapshot(`
    "exit 3
    error: v1/runs/letters-1/samples/00000.json is not what was written there
      -> Something changed the store underneath: restore it, or start the run again; finished tasks are kept."
  `);
  rmSync(page);
  expect(await ask(cwd, 'results')).toMatchInlineSnapshot(`
    "exit 3
    error: v1/runs/letters-1/samples/00000.json is not in the store any more
      -> Something changed the store underneath: restore it, or start the run again; finished tasks are kept."
  `);
  writeFileSync(page, text);
  await exits(0, ['results'], { cwd });

  overwrite(stored(cwd, 'runs/letters-1/manifest.json'), '{"version":1,');
  expect(await ask(cwd, 'status')).toMatchInlineSnapshot(`
    "exit 3
    error: v1/runs/letters-1/manifest.json is not what was written there
      -> Something changed the store underneath: restore it, or start the run again; finished tasks are kept."
  `);
  expect(await ask(cwd, 'retry')).toMatchInlineSnapshot(`
    "exit 3
    error: v1/runs/letters-1/manifest.json is not what was written there
      -> Something changed the store underneath: restore it, or start the run again; finished tasks are kept."
  `);
  expect(await ask(cwd, 'runs')).toMatchInlineSnapshot(`
    "exit 0
    warning: run letters-1: v1/runs/letters-1/manifest.json is not what was written there
    The store file://<folder>/batch-pipeline-store has no run yet."
  `);
  expect(await ask(cwd, ...RUN)).toMatchInlineSnapshot(`
    "exit 0
    Run letters-2: 0 tasks in 0 jobs, 5 up to date.

    Run letters-2: 2 samples, 2 succeeded; 0 tasks run, 5 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
});

test('a truncated success record does not count, and its task reruns', async () => {
  const cwd = await finished();
  overwrite(stored(cwd, 'letters/records/marked/S1.*'), '{"version":1,');
  await exits(4, [...RUN, '-p', 'loud=true'], { cwd });
  await exits(0, ['retry'], { cwd });
  const tables = filesIn(cwd, 'batch-pipeline-store/v1/letters/outputs/table/**');
  expect(tables.map((name) => readFileSync(join(cwd, name), 'utf8'))).toContain('S1\tA B \nS2\tC D \n');
});
