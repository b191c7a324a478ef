import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, PIPELINES, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';
import { refusal } from './refusal.ts';

/** `run letters` over two samples, with these flags. */
function run(...flags: string[]): Promise<string> {
  return refusal(['run', LETTERS, '-s', 'S1,S2', '--inputs', 'in', ...flags], TWO_TEXTS);
}

test('flags that exclude each other, or that a command has no use for', async () => {
  expect(await run('-p', 'copies=2', '-p', 'copies=3')).toMatchInlineSnapshot(`
    "exit 2
    error: -p: "copies" is given twice: 2 and 3"
  `);
  expect(await run('--set', 'sorted.cpus=1', '--set', 'sorted.cpus=2')).toMatchInlineSnapshot(`
    "exit 2
    error: --set sorted.cpus=2: The cpus of step sorted is set twice
      -> Omit one of them."
  `);
  expect(await run('--store', 'here', '--bucket-name', 'there')).toMatchInlineSnapshot(`
    "exit 2
    error: --store and --bucket-name both name the store
      -> Omit one of them."
  `);
  expect(await run('--sample-list-file', 'in/S1.txt')).toMatchInlineSnapshot(`
    "exit 2
    error: --samples and --sample-list-file both give the samples
      -> Omit one of them."
  `);
  expect(await refusal(['demo', 'd', '--store', 's'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: "demo" does not use --store
      -> The store is in the folder of the demo: batch-pipeline demo FOLDER."
  `);
  expect(await refusal(['images', 'build', '--store', 's'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: "images build" does not use --store
      -> Images are built on this machine; "images push" brings them to a store."
  `);
  expect(await refusal(['logs', 'S1', '--follow', '--json'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: --json and --follow cannot be combined: the record is written when the task has ended
      -> Omit one of them."
  `);
  expect(await refusal(['deploy', '--print', '--store', 's3://bucket/prefix'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: --print prints the template, which is the same for all: --store has no effect
      -> Omit one of them."
  `);
  expect(await refusal(['deploy', '--print', '--max-vcpus', '8'], {})).toMatchInlineSnapshot(`
    "exit 2
    error: --print prints the template, which is the same for all: --max-vcpus has no effect
      -> Omit one of them."
  `);
});

test('a reference and a file for the same input, or a reference for another', async () => {
  const folder = workFolder(TWO_TEXTS);
  const shared = join(PIPELINES, 'shared-reference.ts');
  const ask = async (...args: string[]) => told(await runCli(args, { cwd: folder }), folder);
  const file = ['--reference-file', 'genome=in/S2.txt'];
  await exits(0, ['reference', 'build', 'one', '--pipeline', shared, ...file], { cwd: folder });
  const plan = ['plan', shared, '-s', 'in/*.txt', '--reference', 'one'];
  expect(await ask(...plan, ...file)).toMatchInlineSnapshot(`
    "exit 2
    error: --reference one and --reference-file genome=… both give the reference "genome"
      -> Omit one of them."
  `);
  expect(await ask('plan', LETTERS, '-s', 'in/*.txt', '--reference', 'one')).toMatchInlineSnapshot(`
    "exit 2
    error: --reference: Pipeline letters does not use reference one, which holds genome
      -> It needs none."
  `);
});

test('verified results are copied only if intact; a run of another name is another run', async () => {
  const folder = workFolder(TWO_TEXTS);
  const ask = async (...args: string[]) => told(await runCli(args, { cwd: folder }), folder);
  await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd: folder });
  expect(await ask('results', '--verify', '--to', 'out')).toMatchInlineSnapshot(`
    "exit 0
    3 files verified by checksum.
    3 files of run letters-1 under out"
  `);
  expect(filesIn(join(folder, 'out'))).toEqual([
    'S1/marked/S1.marked.txt',
    'S2/marked/S2.marked.txt',
    'cohort/table/table.tsv',
  ]);
  expect(await ask('run', LETTERS, '-s', 'in/*.txt', '--pipeline-name', 'mine')).toMatchInlineSnapshot(`
    "exit 0
    Run mine-2: 0 tasks in 0 jobs, 5 up to date.

    Run mine-2: 2 samples, 2 succeeded; 0 tasks run, 5 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  const [marked = ''] = filesIn(folder, 'batch-pipeline-store/v1/letters/outputs/marked/S1*/*');
  rmSync(join(folder, marked));
  addFiles(folder, { [marked]: 'x\ny\n' });
  expect(await ask('results', '--verify', '--to', 'again')).toMatchInlineSnapshot(`
    "exit 3
    damaged: S1 marked v1/letters/outputs/marked/S1.<key>-<print>/S1.marked.txt
    1 of 3 files damaged; remove them and run again.
    Nothing was copied."
  `);
  expect(filesIn(folder, 'again/**')).toEqual([]);
});
