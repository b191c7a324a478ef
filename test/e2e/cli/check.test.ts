import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { plain, told } from '../../fixtures/told.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A pipeline that reads this input, and this below `inputs` in its `run`. */
function pipeline(input: string, read: string): string {
  return `import { definePipeline, defineParams, defineSamples, defineStep, z } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'Text' } });
const params = defineParams({ unused: z.string().default('') });
const sorted = defineStep({
  name: 'sort',
  description: 'Sorts',
  inputs: { lines: ${input} },
  outputs: { sorted: '{sample}.txt' },
  resources: () => ({ cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' }),
  async run({ inputs, outputs, $ }) {
    await $({ stdoutTo: outputs.sorted })\`sort \${inputs.${read}}\`;
  },
});
export default definePipeline({ name: 'mine', description: '', samples, params, steps: [sorted] });
`;
}

/** Installs these packages of the checkout, and the checkout itself, into a folder. */
function install(folder: string, ...packages: string[]): void {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/batch-pipeline'));
  for (const name of packages) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
}

test('check tells what the definition holds, and what no step uses', async () => {
  const folder = workFolder({ 'pipeline.ts': pipeline('samples.txt', 'lines') });
  expect(told(await runCli(['check'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    mine: sort
    types: not checked: TypeScript is not installed there: npm install --save-dev typescript
    warning: No step uses the param "unused""
  `);
});

test('check names step, input and place of a misspelt name, and what the types tell besides', async () => {
  const folder = workFolder({ 'pipeline.ts': pipeline('samples.tx', 'line') });
  install(folder, 'typescript', '@types/node');
  const { code, stdout, stderr } = await runCli(['check', './pipeline.ts'], { cwd: folder });
  expect(code).toBe(2);
  expect(stdout).toMatch(/^types: checked with TypeScript \d/);
  expect(plain(stderr, folder)).toContain(
    'error: <folder>/pipeline.ts:8:28, step sort, input lines: There is no sample column "tx"\n  -> Did you mean "txt"?',
  );
  expect(plain(stderr, folder)).toContain("error: <folder>/pipeline.ts:12:57: Property 'line' does not exist on type");
  expect(stderr.match(/^error: /gm)).toHaveLength(2);
});

test('check --json lists errors with code and place', async () => {
  const wrong = pipeline('samples.txt', 'lines').replace("'100 MB'", "'lots' as never");
  const folder = workFolder({ 'mine.ts': wrong });
  const { stdout } = await exits(2, ['check', 'mine.ts', '--json'], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({
    pipeline: 'mine',
    steps: ['sort'],
    types: { checked: false, reason: expect.stringContaining('TypeScript is not installed') },
    errors: [
      {
        code: 'resources-invalid',
        message: expect.stringContaining('Step sort has no usable resources for inputs of no size: "lots" is no'),
        hint: expect.any(String),
      },
    ],
    warnings: ['No step uses the param "unused"'],
  });
});

test('check takes a built-in pipeline, and names a file that is not there', async () => {
  const folder = workFolder();
  const { stdout } = await exits(0, ['check', 'fusion'], { cwd: folder });
  expect(stdout).toBe('fusion: reference, picard, kallisto, pizzly, gather\ntypes: not checked: it is built in\n');
  const { stderr } = await exits(2, ['check'], { cwd: folder });
  expect(stderr).toContain('There is no pipeline "./pipeline.ts"');
});
