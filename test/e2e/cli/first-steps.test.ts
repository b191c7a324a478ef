import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { addFiles, filesIn, LETTERS, PIPELINES, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const HEAD = `import { definePipeline, defineReferences, defineSamples, defineStep } from 'batch-pipeline';
import { copy } from './copy.ts';

const samples = defineSamples({ txt: { file: 'Text' } });
const common = { description: '', resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' } };
`;

/** Builds on two files. */
const INDEX = `${HEAD}
const references = defineReferences({ one: 'Text', two: 'Text' });
const index = defineStep({
  ...common,
  name: 'index',
  scope: 'cohort',
  inputs: { one: references.one, two: references.two },
  outputs: { index: 'index.txt' },
  run: async ({ inputs, outputs }) => copy(inputs.two, outputs.index),
});
const use = defineStep({
  ...common,
  name: 'use',
  inputs: { index: index.outputs.index, txt: samples.txt },
  outputs: { used: '{sample}.txt' },
  run: async ({ inputs, outputs }) => copy(inputs.index, outputs.used),
});
export default definePipeline({ name: 'mine', description: '', samples, references, steps: [index, use] });
`;
/** A helper, which counts as code of the steps. */
const COPY = { 'copy.ts': "export { copyFileSync as copy } from 'node:fs';\n" };
const FILES = { ...TWO_TEXTS, ...COPY, 'mine.ts': INDEX, 'a/ref.txt': 'one\n', 'b/ref.txt': 'two\n' };

test('doctor accepts a store that does not exist yet', async () => {
  const folder = workFolder();
  const { stdout } = await runCli(['doctor', LETTERS, '--store', 'new/store'], { cwd: folder });
  expect(stdout).toMatch(/^ok +store +file:.*new\/store can be written, listed and read\n(ok|warning) +disk /m);
  expect(stdout).not.toContain('error');
  expect(filesIn(folder)).toEqual([]);
});

test('what init writes runs in a package of CommonJS modules', async () => {
  const folder = workFolder({ 'package.json': '{"type":"commonjs"}' });
  expect((await runCli(['init', 'my'], { cwd: folder })).code).toBe(0);
  const run = await runCli(['run', './pipeline.ts', '-s', 'reads/*.txt'], { cwd: join(folder, 'my') });
  expect(closing(run, folder)).toMatchInlineSnapshot(`
    "exit 0
    Run my-pipeline-1: 2 samples, 2 succeeded; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
});

test('a named reference of two files with one name, in a store whose path is escaped in URLs', async () => {
  const folder = workFolder(FILES);
  mkdirSync(join(folder, 'größe 100%'));
  const build = ['reference', 'build', 'R1', '--pipeline', './mine.ts', '--store', 'größe 100%'];
  const files = ['--reference-file', 'one=a/ref.txt', '--reference-file', 'two=b/ref.txt'];
  expect(closing(await runCli([...build, ...files], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run reference-build-1: 1 task run, 0 up to date, in <seconds>.
    next: batch-pipeline --store 'größe 100%' run ./mine.ts --reference R1 --samples LIST"
  `);
  const check = await runCli(['reference', 'check', 'R1', '--store', 'größe 100%'], { cwd: folder });
  expect(told(check, folder)).toMatchInlineSnapshot(`
    "exit 0
    Reference R1: 2 files verified by checksum."
  `);
  const run = ['run', './mine.ts', '-s', 'in/*.txt', '--reference', 'R1', '--store', 'größe 100%'];
  expect(closing(await runCli(run, { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run mine-2: 2 samples, 2 succeeded; 2 tasks run, 1 up to date, in <seconds>.
    next: batch-pipeline --store 'größe 100%' results"
  `);
});

test('files that make no valid reference claim no name', async () => {
  const folder = workFolder(FILES);
  const build = ['reference', 'build', 'R1', '--pipeline', './mine.ts', '--reference-file', 'one=a/ref.txt'];
  const wrong = await runCli([...build, '--reference-file', 'tow=b/ref.txt'], { cwd: folder });
  expect(told(wrong, folder)).toMatchInlineSnapshot(`
    "exit 2
    error: --reference-file: Pipeline mine has no reference "tow"
      -> Did you mean "two"? References: one, two."
  `);
  expect(told(await runCli(build, { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: Pipeline mine builds on the reference file "two" too
      -> Give it with --reference-file two=PATH."
  `);
  expect(filesIn(folder, '**/v1/**')).toEqual([]);
  expect((await runCli([...build, '--reference-file', 'two=b/ref.txt'], { cwd: folder })).code).toBe(0);
});

test('samples given twice, in a duplicate column, or under a reserved name', async () => {
  const folder = workFolder(TWO_TEXTS);
  const run = async (samples: string, ...more: string[]) =>
    told(await runCli(['run', LETTERS, '--inputs', 'in', '-s', samples, ...more], { cwd: folder }), folder);
  expect(await run('S1', '--sample-list-file', 'S2')).toMatchInlineSnapshot(`
    "exit 2
    error: --samples and --sample-list-file both give the samples
      -> Omit one of them."
  `);
  addFiles(folder, { 'sheet.csv': 'sample,txt,txt\nS1,S1.txt,S2.txt\n', list: 'S1\ncohort\n' });
  expect(await run('sheet.csv')).toMatchInlineSnapshot(`
    "exit 2
    error: sheet.csv: The table has two columns "txt"
      -> Remove one of them."
  `);
  expect(await run('list')).toMatchInlineSnapshot(`
    "exit 2
    error: list:2: "cohort" is reserved in logs and results for the steps that all samples share
      -> Call the sample something else."
  `);
});

test('a tool that prints more than can be returned', async () => {
  const text = `${HEAD}
const loud = defineStep({
  ...common,
  name: 'loud',
  inputs: { txt: samples.txt },
  outputs: { out: '{sample}.txt' },
  run: async ({ $ }) => void (await $({ quiet: true })\`head -c 3000000 /dev/zero\`),
});
export default definePipeline({ name: 'mine', description: '', samples, steps: [loud] });
`;
  const folder = workFolder({ ...COPY, 'mine.ts': text, 'in/S1.txt': 'x' });
  const { stderr } = await runCli(['run', './mine.ts', '-s', 'in/*.txt'], { cwd: folder });
  expect(stderr).toContain('head printed more than 1048576 bytes, too much to be returned\n  -> Send it to a file');
});

test('a relative scratch folder is relative to the user’s folder, not the tools’', async () => {
  const folder = workFolder({ 'in/S1.bam': '' });
  const env = { BATCH_PIPELINE_SCRATCH: 'scratch' };
  await exits(0, ['run', join(PIPELINES, 'sized.ts'), '-s', 'in/*.bam'], { cwd: folder, env });
  expect(filesIn(folder, 'scratch/**')).toEqual([]);
});
