import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli, startCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { untilThere } from '../../fixtures/until.ts';
import { addFiles, LETTERS, OBEY, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const ENGINE = join(import.meta.dirname, '../../fixtures/engines/processes.ts');
const OBEYING = ['run', OBEY, '-s', 'in/*.txt', '--engine', './processes.ts'] as const;

/** With the engine's file, as its author has it. */
function withEngine(files: Readonly<Record<string, string>>): string {
  const folder = workFolder(files);
  copyFileSync(ENGINE, join(folder, 'processes.ts'));
  return folder;
}

function manifest(folder: string, run: string): { engine: string; engineModule?: string; engineFlags: object } {
  return JSON.parse(readFileSync(join(folder, `batch-pipeline-store/v1/runs/${run}/manifest.json`), 'utf8'));
}

test('a run on an engine that a file defines, with its options', async () => {
  const cwd = withEngine(TWO_TEXTS);
  const engine = ['--engine', './processes.ts', '--engine-option', 'job-folder=there'];
  const options = [...engine, '--engine-option', 'variable=A=1', '--engine-option', 'variable=B=2'];
  const run = await runCli(['run', LETTERS, '-s', 'in/*.txt', '--watch', ...options], { cwd });
  expect(closing(run, cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run letters-1: 2 samples, 2 succeeded; 5 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(manifest(cwd, 'letters-1')).toMatchObject({
    engine: 'processes',
    engineModule: join(cwd, 'processes.ts'),
    engineFlags: { jobFolder: join(cwd, 'there'), variable: ['A=1', 'B=2'] },
  });
});

test('status, logs, cancel and retry open it again, from another folder too', async () => {
  const cwd = withEngine({});
  addFiles(cwd, { 'in/S1.txt': `print one\nawait ${cwd}/go\nprint two\n`, 'in/S2.txt': `need ${cwd}/there\n` });
  await exits(0, OBEYING, { cwd });
  const elsewhere = workFolder();
  const store = ['--store', join(cwd, 'batch-pipeline-store')];
  const follow = startCli(['logs', 'S1', 'obey', '--follow', ...store], { cwd: elsewhere });
  await follow.printed(/one/);
  expect((await runCli(['status', ...store], { cwd: elsewhere })).code).toBe(4);
  addFiles(cwd, { go: '' });
  await follow.over;
  expect((await runCli(['status', '--watch', ...store], { cwd: elsewhere })).code).toBe(1);
  addFiles(cwd, { there: '' });
  const retry = await runCli(['retry', '--watch', ...store], { cwd: elsewhere });
  expect(closing(retry, cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1: 2 samples, 2 succeeded; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline --store <folder>/batch-pipeline-store results"
  `);

  addFiles(cwd, { 'in/S1.txt': `touch ${cwd}/started\nawait ${cwd}/never\n` });
  await exits(0, OBEYING, { cwd });
  await untilThere(join(cwd, 'started'));
  expect(told(await runCli(['cancel', ...store], { cwd: elsewhere }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-2 is cancelled. What is finished stays; the same run command carries on."
  `);
});

test('without its file, what needs the engine says so', async () => {
  const cwd = withEngine({});
  addFiles(cwd, { 'in/S1.txt': `await ${cwd}/go\n` });
  await exits(0, OBEYING, { cwd });
  renameSync(join(cwd, 'processes.ts'), join(cwd, 'moved.ts'));
  expect(told(await runCli(['status'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 2
    error: The run uses the engine processes, whose file <folder>/processes.ts no longer exists
      -> Put the file back where it was."
  `);
  renameSync(join(cwd, 'moved.ts'), join(cwd, 'processes.ts'));
  addFiles(cwd, { go: '' });
  await exits(0, ['status', '--watch'], { cwd });
});

test('options that the engine does not have, or not like this', async () => {
  const cwd = withEngine(TWO_TEXTS);
  const plan = async (...options: string[]) => {
    const given = options.flatMap((option) => ['--engine-option', option]);
    return told(
      await runCli(['plan', LETTERS, '-s', 'in/*.txt', '--engine', './processes.ts', ...given], { cwd }),
      cwd,
    );
  };
  expect(await plan('job-foldr=x')).toMatchInlineSnapshot(`
    "exit 2
    error: --engine-option: The processes engine has no option "job-foldr"
      -> Did you mean "job-folder"? Options: job-folder, variable, quiet."
  `);
  expect(await plan('job-folder', 'quiet=x')).toMatchInlineSnapshot(`
    "exit 2
    error: --engine-option: "job-folder" needs a value
      -> Write --engine-option job-folder=PATH.
    error: --engine-option: "quiet" takes no value
      -> Write --engine-option quiet."
  `);
  expect(await plan('job-folder=a', 'job-folder=b')).toMatchInlineSnapshot(`
    "exit 2
    error: --engine-option: "job-folder" is given twice
      -> Omit one of them."
  `);
  const queue = await runCli(['plan', LETTERS, '-s', 'in/*.txt', '--engine', './processes.ts', '--queue', 'x'], {
    cwd,
  });
  expect(told(queue, cwd)).toMatchInlineSnapshot(`
    "exit 2
    error: --queue: The processes engine has no use for --queue
      -> Omit --queue, or choose another --engine."
  `);
});

test('files that define no engine', async () => {
  const method = 'limits check find submit poll verdicts cancel log close'.split(' ');
  const define = (open: string, name = 'mine') =>
    `import { defineEngine } from 'batch-pipeline';\nexport default defineEngine({ name: '${name}', flags: {}, open: async () => (${open}) } as any);\n`;
  const rest = 'environments: async () => ({}), findings: async () => []';
  const methods = method.map((one) => `${one}: async () => ({ detached: false })`).join(', ');
  const cwd = workFolder({
    ...TWO_TEXTS,
    'throws.ts': "throw new Error('not today');\n",
    'syntax.ts': 'export default {\n  name: ,\n};\n',
    'none.ts': 'export const engine = 1;\n',
    'wrong.ts': "export default { name: 'Mine', flags: { 'a-b': {} } };\n",
    'taken.ts': define('{}', 'slurm'),
    'empty.ts': define('{}'),
    'partial.ts': define(`{ engine: { name: 'mine', submit() {} }, ${rest} }`),
    'attached.ts': define(`{ engine: { name: 'mine', ${methods} }, ${rest} }`),
    'other.ts': define(`{ engine: { name: 'yours', ${methods} }, ${rest} }`),
  });
  const run = async (engine: string) =>
    told(await runCli(['run', LETTERS, '-s', 'in/*.txt', '--engine', engine], { cwd }), cwd);
  expect(await run('./missing.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: --engine: There is no engine file ./missing.ts
      -> Check the path, or name one of local, slurm, aws-batch."
  `);
  expect(await run('@lab/engine')).toMatchInlineSnapshot(`
    "exit 2
    error: --engine: There is no engine "@lab/engine"
      -> Install that package in the current folder, or name one of local, slurm, aws-batch."
  `);
  expect(await run('./throws.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/throws.ts:1:7: The engine file cannot be loaded: not today
      -> Fix the file, then run the same command again."
  `);
  expect(await run('./syntax.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/syntax.ts:2:9: The engine file cannot be loaded: Expression expected
      -> Fix the file, then run the same command again."
  `);
  expect(await run('./none.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/none.ts: The file does not define an engine that can be used: it has no default export
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./wrong.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/wrong.ts: The file does not define an engine that can be used: "name": only lower-case letters, digits and "-"; "flags.a-b": the key of a flag has to be in camelCase; "open": it has to be a function
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./taken.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/taken.ts: The file does not define an engine that can be used: the name "slurm" is taken
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./empty.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/empty.ts: The file does not define an engine that can be used: open() returns an engine without limits, check, find, submit, poll, verdicts, cancel, log, close
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./partial.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/partial.ts: The file does not define an engine that can be used: open() returns an engine without limits, check, find, poll, verdicts, cancel, log, close
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./attached.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/attached.ts: The file does not define an engine that can be used: its limits() are not "detached": jobs have to outlive the process that submits them
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
  expect(await run('./other.ts')).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/other.ts: The file does not define an engine that can be used: open() returns an engine named "yours", not "mine"
      -> End it with: export default defineEngine({ name, flags, open }); see docs/engines.md."
  `);
});

test('an engine from a package that is installed where the command is called', async () => {
  const cwd = workFolder({
    ...TWO_TEXTS,
    'node_modules/lab-engine/package.json':
      '{ "name": "lab-engine", "type": "module", "exports": { "./here": { "import": "./here.js" } } }',
    'node_modules/lab-engine/here.js':
      "import { defineEngine } from 'batch-pipeline';\nexport default defineEngine({ name: 'here', flags: {}, open: async () => { throw new Error('opened'); } });\n",
  });
  const run = await runCli(['plan', LETTERS, '-s', 'in/*.txt', '--engine', 'lab-engine/here'], { cwd });
  expect(told(run, cwd)).toMatchInlineSnapshot(`
    "exit 3
    error: <folder>/node_modules/lab-engine/here.js: The here engine failed in open(): opened
      -> Fix the engine, then run the same command again."
  `);
});
