import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { closing, plain, told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

test('init, and then the commands that it prints', async () => {
  const folder = workFolder();
  const init = await runCli(['init', 'mine'], { cwd: folder });
  expect(told(init, folder)).toMatchInlineSnapshot(`
    "exit 0
    Wrote package.json, tsconfig.json, pipeline.ts, pipeline.test.ts, reads/S1.txt, reads/S2.txt. Try:

      cd mine
      batch-pipeline plan ./pipeline.ts --samples 'reads/*.txt'
      batch-pipeline run ./pipeline.ts --samples 'reads/*.txt'
      batch-pipeline status
      batch-pipeline results

    For types in the editor, "npm run check" and "npm test": npm install"
  `);
  const printed = init.stderr.split('\n').flatMap((line) => /^ {2}batch-pipeline (.+)$/.exec(line)?.[1] ?? []);
  const answers: string[] = [];
  for (const line of printed) {
    const args = line.split(' ').map((word) => word.replaceAll("'", ''));
    answers.push(`$ ${line}`, closing(await runCli(args, { cwd: join(folder, 'mine') }), folder));
  }
  expect(answers.join('\n')).toMatchInlineSnapshot(`
    "$ plan ./pipeline.ts --samples 'reads/*.txt'
    exit 0
    step    run  up to date  not needed
    sort    2    0           0
    report  1    0           0

    Why
      sort    never run  S1, S2
      report  never run  cohort

    Jobs
      0-sort-0-0  array of 2  1 cpu, 200 MB, 10 min
      0-report    single job  1 cpu, 200 MB, 10 min  after 0-sort-0-0 (ANY)
    $ run ./pipeline.ts --samples 'reads/*.txt'
    exit 0
    Run my-pipeline-1: 2 samples, 2 succeeded; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results
    $ status
    exit 0
    Run my-pipeline-1 of my-pipeline on local, started <time>: over

    sample  sort
    S1      succeeded
    S2      succeeded

    sort             2 succeeded
    report (cohort)  succeeded
    $ results
    exit 0
    sample  step    file    location
    S1      sort    sorted  <folder>/mine/batch-pipeline-store/v1/my-pipeline/outputs/sort/S1.<key>-<print>/S1.sorted.txt
    S2      sort    sorted  <folder>/mine/batch-pipeline-store/v1/my-pipeline/outputs/sort/S2.<key>-<print>/S2.sorted.txt
    cohort  report  report  <folder>/mine/batch-pipeline-store/v1/my-pipeline/outputs/report/cohort.<key>-<print>/report.txt"
  `);
});

test('init overwrites nothing', async () => {
  const folder = workFolder({ 'pipeline.ts': 'mine' });
  expect(told(await runCli(['init'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: pipeline.ts is already there
      -> Name another folder: batch-pipeline init FOLDER"
  `);
  expect(filesIn(folder)).toEqual(['pipeline.ts']);
});

test('a folder that cannot be made is named', async () => {
  const folder = workFolder({ ...TWO_TEXTS, taken: 'x' });
  await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd: folder });
  expect(told(await runCli(['init', 'taken'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: taken: There is a file in place of the folder
      -> Name another folder."
  `);
  expect(told(await runCli(['results', '--to', 'taken/x'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: taken/x/S1/marked: There is a file in place of the folder
      -> Name another folder."
  `);
  expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('x');
});

test('plan, run, status, logs, results; then a changed param, a new sample, and nothing to do', async () => {
  const folder = workFolder(TWO_TEXTS);
  const options = { cwd: folder };
  const ask = async (...args: string[]) => told(await runCli(args, options), folder);
  const samples = ['-s', 'in/*.txt'];

  expect(await ask('plan', LETTERS, ...samples)).toMatchInlineSnapshot(`
    "exit 0
    step    run  up to date  not needed
    sorted  2    0           0
    marked  2    0           0
    table   1    0           0

    Why
      sorted  never run  S1, S2
      marked  never run  S1, S2
      table   never run  cohort

    Jobs
      0-sorted-0-0  array of 2  1 cpu, 100 MB, 1 min
      0-marked-0-0  array of 2  1 cpu, 100 MB, 1 min  after 0-sorted-0-0 (N_TO_N)
      0-table       single job  1 cpu, 100 MB, 1 min  after 0-marked-0-0 (ANY)"
  `);
  expect(filesIn(folder)).toEqual(Object.keys(TWO_TEXTS));
  expect(closing(await runCli(['run', LETTERS, ...samples], options), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run letters-1: 2 samples, 2 succeeded; 5 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(await ask('status')).toMatchInlineSnapshot(`
    "exit 0
    Run letters-1 of letters on local, started <time>: over

    sample  sorted     marked
    S1      succeeded  succeeded
    S2      succeeded  succeeded

    sorted          2 succeeded
    marked          2 succeeded
    table (cohort)  succeeded"
  `);
  expect(await ask('logs', 'S2')).toMatchInlineSnapshot(`
    "exit 0
    wrote 2 lines of unknown
    S2 marked succeeded, try 1 of run letters-1 on <host>, <seconds>"
  `);
  expect(await ask('logs', 'S2', 'sorted')).toMatchInlineSnapshot(`
    "exit 0
    $ sort inputs/text/S2.txt
    (the tools printed nothing)
    S2 sorted succeeded, try 1 of run letters-1 on <host>, <seconds>"
  `);
  expect(await ask('logs', 'cohort')).toMatchInlineSnapshot(`
    "exit 0
    (the tools printed nothing)
    cohort table succeeded, try 1 of run letters-1 on <host>, <seconds>"
  `);
  expect(await ask('results')).toMatchInlineSnapshot(`
    "exit 0
    sample  step    file   location
    S1      marked  text   <folder>/batch-pipeline-store/v1/letters/outputs/marked/S1.<key>-<print>/S1.marked.txt
    S2      marked  text   <folder>/batch-pipeline-store/v1/letters/outputs/marked/S2.<key>-<print>/S2.marked.txt
    cohort  table   table  <folder>/batch-pipeline-store/v1/letters/outputs/table/cohort.<key>-<print>/table.tsv"
  `);

  expect(await ask('plan', LETTERS, ...samples, '-p', 'ending=!')).toMatchInlineSnapshot(`
    "exit 0
    step    run  up to date  not needed
    sorted  0    2           0
    marked  2    0           0
    table   1    0           0

    Why
      marked  params changed  S1, S2
      table   inputs changed  cohort

    Jobs
      0-marked-0-0  array of 2  1 cpu, 100 MB, 1 min
      0-table       single job  1 cpu, 100 MB, 1 min  after 0-marked-0-0 (ANY)"
  `);
  expect(closing(await runCli(['run', LETTERS, ...samples, '-p', 'ending=!'], options), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run letters-2: 2 samples, 2 succeeded; 3 tasks run, 2 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  addFiles(folder, { 'in/S3.txt': 'e\n' });
  expect(closing(await runCli(['run', LETTERS, ...samples, '-p', 'ending=!'], options), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run letters-3: 3 samples, 3 succeeded; 3 tasks run, 4 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(await ask('run', LETTERS, ...samples, '-p', 'ending=!')).toMatchInlineSnapshot(`
    "exit 0
    Everything is up to date: 3 samples, 7 tasks, all outputs exist."
  `);
  expect(plain((await runCli(['runs'], options)).stdout, folder)).toMatchInlineSnapshot(`
    "run        pipeline  engine  started                   samples
    letters-1  letters   local   <time>  2
    letters-2  letters   local   <time>  2
    letters-3  letters   local   <time>  3
    "
  `);
});

test('a run with nothing to do is still a run if the last one was of something else', async () => {
  const folder = workFolder(TWO_TEXTS);
  const options = { cwd: folder };
  const run = async (...flags: string[]) =>
    closing(await exits(0, ['run', LETTERS, '-s', 'in/*.txt', ...flags], options), folder);
  const table = async (): Promise<string> => {
    await exits(0, ['results', '--step', 'table', '--to', 'out'], options);
    return readFileSync(join(folder, 'out/cohort/table/table.tsv'), 'utf8');
  };
  await run();
  await run('-p', 'ending=!');
  expect(await table()).toBe('S1\ta! b! \nS2\tc! d! \n');
  expect(await run()).toMatchInlineSnapshot(`
    "exit 0
    Run letters-3: 2 samples, 2 succeeded; 0 tasks run, 5 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(await table()).toBe('S1\ta b \nS2\tc d \n');
  expect(await run()).toMatchInlineSnapshot(`
    "exit 0
    Everything is up to date: 2 samples, 5 tasks, all outputs exist."
  `);
  expect(await run('-p', 'unused=x')).toMatchInlineSnapshot(`
    "exit 0
    Everything is up to date: 2 samples, 5 tasks, all outputs exist."
  `);
  expect(JSON.parse((await exits(0, ['runs', '--json'], options)).stdout)).toHaveLength(3);
});

test('results are copied into folders by sample and step, and verified', async () => {
  const folder = workFolder(TWO_TEXTS);
  await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd: folder });
  expect(told(await exits(0, ['results', '--to', 'out'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    3 files of run letters-1 under out"
  `);
  expect(filesIn(folder, 'out/**')).toEqual([
    ...['out/S1/marked/S1.marked.txt', 'out/S2/marked/S2.marked.txt', 'out/cohort/table/table.tsv'],
  ]);
  expect(readFileSync(join(folder, 'out/cohort/table/table.tsv'), 'utf8')).toBe('S1\ta b \nS2\tc d \n');
  await exits(0, ['results', '--to', 'out', '--step', 'sorted'], { cwd: folder });
  expect(filesIn(folder, 'out/*/sorted/*')).toEqual(['out/S1/sorted/S1.sorted.txt', 'out/S2/sorted/S2.sorted.txt']);
  expect((await exits(0, ['results', '--verify'], { cwd: folder })).stderr).toBe('3 files verified by checksum.\n');
});

test('samples given as a list, a sheet, names or a pattern are equivalent', async () => {
  const folder = workFolder({
    ...TWO_TEXTS,
    'in/list': 'S1\nS2\n',
    'sheet.csv': 'sample,txt\nS1,in/S1.txt\nS2,in/S2.txt\n',
    'sheet.tsv': 'txt\tsample\nin/S1.txt\tS1\nin/S2.txt\tS2\n',
  });
  const options = { cwd: folder };
  await exits(0, ['run', LETTERS, '-s', 'in/list'], options);
  const ways = [
    ['-s', 'sheet.csv'],
    ['-s', 'sheet.tsv'],
    ['-s', 'S1,S2', '--inputs', 'in'],
    ['-s', 'in/*.txt'],
    ['-s', '*.txt', '--inputs', 'in'],
    ['--sample-list-file', 'in/list'],
    ['-s', `${folder}/in/list`],
  ];
  for (const way of ways) {
    const { stderr } = await exits(0, ['run', LETTERS, ...way], options);
    expect([...way, stderr]).toEqual([...way, 'Everything is up to date: 2 samples, 5 tasks, all outputs exist.\n']);
  }
});

test('a sample list is checked without running anything', async () => {
  const folder = workFolder({ ...TWO_TEXTS, 'sheet.csv': 'sample,txt,sex\nS1,in/S1.txt,f\nS2,in/S2.txt,\n' });
  const { code, stdout, stderr } = await runCli(['samples', 'sheet.csv', '--pipeline', LETTERS], { cwd: folder });
  expect([code, plain(stdout, folder), stderr]).toMatchInlineSnapshot(`
    [
      0,
      "S1  txt=<folder>/in/S1.txt (4 bytes)  sex=f
    S2  txt=<folder>/in/S2.txt (4 bytes)
    ",
      "2 samples, all files are there.
    ",
    ]
  `);
  expect(filesIn(folder, 'batch-pipeline-store/**')).toEqual([]);
});

test('--store, or the environment, selects the store', async () => {
  const folder = workFolder(TWO_TEXTS);
  const run = ['run', LETTERS, '-s', 'in/*.txt'];
  await exits(0, [...run, '--store', 'one'], { cwd: folder });
  await exits(0, run, { cwd: folder, env: { BATCH_PIPELINE_STORE: `file://${folder}/two` } });
  await exits(0, ['--store', 'three', ...run], { cwd: folder });
  expect(filesIn(folder, '*/v1/runs/*/manifest.json').map((name) => name.split('/')[0])).toEqual([
    'one',
    'three',
    'two',
  ]);
  await exits(2, ['status'], { cwd: folder });
  await exits(0, ['status', '--store', 'one'], { cwd: folder });
});
