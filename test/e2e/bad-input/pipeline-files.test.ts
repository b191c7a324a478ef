import { expect, test } from 'vitest';
import { runCli } from '../../fixtures/cli.ts';
import { closing } from '../../fixtures/told.ts';
import { filesIn, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';
import { refusal } from './refusal.ts';

/** A run of a pipeline file with this text. */
function load(text: string, name = 'mine.ts', more: Readonly<Record<string, string>> = {}): Promise<string> {
  return refusal(['run', name, '-s', 'in/*.txt'], { ...TWO_TEXTS, ...more, [name]: text });
}

/** The head of a definition in which a test makes its mistake. */
const HEAD = `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
import { writeFileSync } from 'node:fs';

const samples = defineSamples({ txt: { file: 'Text' } });
const common = { description: '', resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' } };
`;

test('a missing file', async () => {
  expect(await refusal(['run', './mine.ts', '-s', 'in/*.txt'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: There is no pipeline "./mine.ts"
      -> Give the path of a pipeline file, or one of: fusion. "batch-pipeline init" writes a small one."
  `);
  expect(await refusal(['run', 'fusoin', '-s', 'in/*.txt'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: There is no pipeline "fusoin"
      -> Give the path of a pipeline file, or one of: fusion. "batch-pipeline init" writes a small one."
  `);
});

test('a file that is not a pipeline file', async () => {
  expect(await load('no code', 'notes.txt')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/notes.txt: The pipeline file cannot be loaded: Unknown file extension ".txt" for <folder>/notes.txt
      -> The file has to end in .ts or .js."
  `);
  expect(await load('{}', 'pipeline.json')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/pipeline.json: The pipeline file cannot be loaded: Module "file://<folder>/pipeline.json" needs an import attribute of "type: json"
      -> The file has to end in .ts or .js."
  `);
  expect(await refusal(['run', 'in', '-s', 'in/*.txt'], TWO_TEXTS)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/in: The pipeline file cannot be loaded: Directory import '<folder>/in' is not supported
      -> Give the path of the file in it."
  `);
});

test('a file that does not compile is reported with line and column', async () => {
  expect(await load("export default {\n  name: 'x'\n  description: '',\n};\n")).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:3:3: The pipeline file cannot be loaded: Expected ',', got 'ident'
      -> Fix the file, then run the same command again."
  `);
  expect(await load('export default {\n  a: 1\n  b: 2,\n};\n', 'mine.js')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.js:3:3: The pipeline file cannot be loaded: Unexpected identifier 'b'
      -> Fix the file, then run the same command again."
  `);
  expect(await load('enum Kind { small }\nexport default Kind;\n')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:1:1: The pipeline file cannot be loaded: TypeScript enum is not supported in strip-only mode
      -> Types are removed, not compiled: write plain objects and unions instead."
  `);
  expect(
    await load("import { x } from './helper.ts';\nexport default x;\n", 'mine.ts', { 'helper.ts': '\nconst x = ;\n' }),
  ).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/helper.ts:2:11: The pipeline file cannot be loaded: Expression expected
      -> Fix the file, then run the same command again."
  `);
});

test('a file that throws at import is reported with line and column, without a stack trace', async () => {
  expect(await load("const table = undefined;\n\nexport default table['genes'];\n")).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:3:21: The pipeline file cannot be loaded: Cannot read properties of undefined (reading 'genes')
      -> Fix the file, then run the same command again."
  `);
  const read = "import { readFileSync } from 'node:fs';\nexport default readFileSync('/nowhere/genes.tsv');\n";
  expect(await load(read)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:2:16: The pipeline file cannot be loaded: ENOENT: no such file or directory, open '/nowhere/genes.tsv'
      -> Fix the file, then run the same command again."
  `);
  expect(await load("throw 'a string';\n")).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts: The pipeline file cannot be loaded: a string
      -> Fix the file, then run the same command again."
  `);
});

test('a file that fails where nothing waits for it, or ends the process, is reported in one line', async () => {
  expect(await load("\nvoid Promise.reject(new Error('no table'));\nawait new Promise((go) => setTimeout(go, 50));\n"))
    .toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:2:21: The pipeline file cannot be loaded: no table
      -> Fix the file, then run the same command again."
  `);
  expect(await load("setTimeout(() => { throw new Error('late'); });\nawait new Promise(() => {});\n"))
    .toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:1:26: The pipeline file cannot be loaded: late
      -> Fix the file, then run the same command again."
  `);
  expect(await load('process.exit(0);\n')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:1:9: The pipeline file cannot be loaded: It calls process.exit while it is loaded
      -> Fix the file, then run the same command again."
  `);
  expect(await load("import { exit } from 'node:process';\ntry { exit(0); } catch {}\nexport default {};\n"))
    .toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:2:7: The pipeline file cannot be loaded: It calls process.exit while it is loaded
      -> Fix the file, then run the same command again."
  `);
  expect(await load('await new Promise(() => {});\n')).toMatchInlineSnapshot(`
    "exit 2
    error: The command waits for something that can never happen
      -> Does the pipeline file await a promise that never resolves?"
  `);
});

test('imports that do not resolve', async () => {
  expect(await load("import { defineStpe } from 'batch-pipeline';\nexport default defineStpe;\n"))
    .toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:1:10: The pipeline file cannot be loaded: The requested module 'batch-pipeline' does not provide an export named 'defineStpe'
      -> Fix the file, then run the same command again."
  `);
  expect(await load("import { x } from './helper.ts';\nexport default x;\n")).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts: The pipeline file cannot be loaded: Cannot find module '<folder>/helper.ts'
      -> Check the name, or install the package beside the file."
  `);
  expect(await load("import { x } from 'not-installed';\nexport default x;\n")).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts: The pipeline file cannot be loaded: Cannot find package 'not-installed'
      -> Check the name, or install the package beside the file."
  `);
});

test('a file without a pipeline as its default export', async () => {
  expect(await load('export const pipeline = 1;\n')).toMatchInlineSnapshot(`
    "exit 2
    error: mine.ts: The file does not export a pipeline as its default
      -> End it with: export default definePipeline({ … });"
  `);
  expect(await load('export default { name: 1 };\n')).toMatchInlineSnapshot(`
    "exit 2
    error: mine.ts: The file does not export a pipeline as its default
      -> End it with: export default definePipeline({ … });"
  `);
});

test('steps that wait for each other', async () => {
  const text = `${HEAD}
const run = async () => undefined;
const late = { kind: 'output', step: 'b', output: 'out' } as const;
const a = defineStep({ ...common, name: 'a', inputs: { late }, outputs: { out: 'a.txt' }, run });
const b = defineStep({ ...common, name: 'b', inputs: { from: a.outputs.out }, outputs: { out: 'b.txt' }, run });
export default definePipeline({ name: 'mine', description: '', samples, steps: [a, b] });
`;
  expect(await load(text)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:11:16: Steps wait for each other: a -> b -> a"
  `);
});

test('a misspelt input is named with its step, its place and the closest name, on plan and run alike', async () => {
  const text = `${HEAD}
const run = async () => undefined;
const a = defineStep({
  ...common,
  name: 'a',
  inputs: { text: samples.tx },
  outputs: { out: 'a.txt' },
  run,
});
export default definePipeline({ name: 'mine', description: '', samples, steps: [a] });
`;
  const message = await load(text);
  expect(message).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:11:27, step a, input text: There is no sample column "tx"
      -> Did you mean "txt"?"
  `);
  expect(await refusal(['plan', './mine.ts', '-s', 'in/*.txt'], { ...TWO_TEXTS, 'mine.ts': text })).toBe(message);
});

test('every other mistake in a definition, at once', async () => {
  const text = `${HEAD}
const run = async () => undefined;
const gone = { kind: 'output', step: 'gone', output: 'out' } as const;
const bam = { kind: 'sample-file', column: 'bam', description: '' } as const;
const a = defineStep({ ...common, name: 'a', inputs: { gone, bam }, outputs: { out: '../a.txt' }, run });
const b = defineStep({ ...common, name: 'a b', inputs: {}, outputs: {}, run });
const resources = { cpus: 0.5, memory: 'lots', scratch: '10', time: 'long' };
const c = defineStep({ description: '', resources, name: 'c', inputs: {}, outputs: { one: 'x', two: 'x' }, run });
export default definePipeline({ name: 'my pipeline', description: '', samples, steps: [a, b, c] });
`;
  expect(await load(text)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:14:16: "my pipeline" is not a valid name
      -> Use letters, digits and "-", starting with a letter, at most 32.
    error: <folder>/mine.ts:14:16: "a b" is not a valid name
      -> Use letters, digits and "-", starting with a letter, at most 32.
    error: <folder>/mine.ts:10:11, step a: Step "gone" is not part of the pipeline
      -> Add it to steps.
    error: <folder>/mine.ts:10:11, step a: Column "bam" is not among the pipeline's samples
    error: <folder>/mine.ts:10:11, step a: Output "../a.txt" is not a plain file name
      -> Use letters, digits, ".", "_", "-" and {sample}.
    error: <folder>/mine.ts:11:11, step a b: A step needs at least one output
    error: <folder>/mine.ts:13:11, step c: Two outputs are called "x"
    error: <folder>/mine.ts:13:11, step c: cpus must be a whole number above 0, not 0.5
    error: <folder>/mine.ts:13:11, step c: "lots" is not a size
      -> Write "512 MB" or "7 GB".
    error: <folder>/mine.ts:13:11, step c: "10" is not a size
      -> Write "512 MB" or "7 GB".
    error: <folder>/mine.ts:13:11, step c: "long" is not a time
      -> Write "90s", "30m" or "4h"."
  `);
});

test('a declared output that is not written fails the task, and nothing is published', async () => {
  const text = `${HEAD}
const a = defineStep({
  ...common,
  name: 'a',
  inputs: { text: samples.txt },
  outputs: { one: '{sample}.one', two: '{sample}.two' },
  run: async ({ sample, outputs }) => {
    writeFileSync(outputs.one, sample);
    if (sample === 'S2') writeFileSync(outputs.two, sample);
  },
});
export default definePipeline({ name: 'mine', description: '', samples, steps: [a] });
`;
  const folder = workFolder({ ...TWO_TEXTS, 'mine.ts': text });
  const result = await runCli(['run', 'mine.ts', '-s', 'in/*.txt'], { cwd: folder });
  expect(closing(result, folder)).toMatchInlineSnapshot(`
    "exit 1
    failed S1 in step a: check
      Step a finished without writing its output "two" (S1.two)
      It wrote:
        S1.one  2 bytes
      log: batch-pipeline logs S1 a
      debug: batch-pipeline debug S1 a

    Run mine-1: 2 samples, 1 succeeded, 1 failed; 2 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  expect(filesIn(folder, '**/v1/*/outputs/**').map((name) => name.split('/').at(-1))).toEqual(['S2.one', 'S2.two']);
  const status = await runCli(['status', '--json'], { cwd: folder });
  expect(JSON.parse(status.stdout)).toMatchObject({
    samples: [{ sample: 'S1', tasks: { a: { cause: 'check' } } }, {}],
  });
});
