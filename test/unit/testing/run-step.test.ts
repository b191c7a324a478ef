import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import { collect, defineParams, defineSamples, defineStep, defineTool, StepFailure, z } from '../../../src/index.ts';
import { FailedStep, runStep } from '../../../src/testing/index.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const samples = defineSamples({ txt: { file: 'Text' }, age: { value: z.coerce.number() } });
const params = defineParams({ lines: z.int().default(10) });
const resources = { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' } as const;
const sort = defineTool({
  name: 'sort',
  commands: [['sort']],
  version: { args: ['--version'], pattern: /(\d)/ },
  install: { debian: 'coreutils', conda: 'coreutils' },
});

const sorted = defineStep({
  name: 'sort',
  description: '',
  inputs: { text: samples.txt, age: samples.age },
  params: { lines: params.lines },
  outputs: { sorted: '{sample}.sorted.txt', notes: { file: 'notes.txt', optional: true } },
  tools: [sort],
  resources,
  async run({ inputs, outputs, params: { lines }, sample, $, tool, log, metric, check }) {
    await $({ stdoutTo: outputs.sorted }).bash`${tool('sort')} ${inputs.text} | head -n ${lines}`;
    if (inputs.age !== undefined) writeFileSync(outputs.notes, `${sample} is ${inputs.age + 1}`);
    log('one line');
    const found = readFileSync(outputs.sorted, 'utf8').split('\n').length - 1;
    metric('lines', found);
    check('lines at most', { expected: Math.min(found, lines), actual: found });
  },
});

const gather = defineStep({
  name: 'gather',
  description: '',
  scope: 'cohort',
  inputs: { sorted: collect(sorted.outputs.sorted) },
  outputs: { all: 'all.txt' },
  files: ['run-step.test.ts'],
  resources,
  async run({ inputs, outputs, members, files, $ }) {
    await $({ stdoutTo: outputs.all })`cat ${inputs.sorted.map(({ path }) => path)}`;
    if (!existsSync(files['run-step.test.ts'])) throw new StepFailure('input', 'no file');
    for (const { sample, missing } of members.filter((member) => member.missing))
      throw new StepFailure('check', `${sample} is missing: ${missing!.message}`);
  },
});

test('a step runs with its tools on staged inputs, and leaves outputs, metrics, checks and a log', async () => {
  const folder = workFolder({ 'S1.txt': 'pear\napple\nplum\n' });
  const done = await runStep(sorted, { inputs: { text: join(folder, 'S1.txt'), age: 4 }, params: { lines: 2 } });
  expect(done.text('sorted')).toBe('apple\npear\n');
  expect(done.outputs.sorted).toMatch(/\/S1\.sorted\.txt$/);
  expect(done.text('notes')).toBe('S1 is 5');
  expect(done.metrics).toEqual({ lines: 2 });
  expect(done.checks).toEqual([{ name: 'lines at most', expected: 2, actual: 2, ok: true }]);
  expect(done.log).toContain('one line\n');
  done.remove();
  expect(existsSync(done.outputs.sorted)).toBe(false);
});

test('the log holds the variables of a tool, but no secret ones', async () => {
  const tokens = defineStep({
    name: 'tokens',
    description: '',
    inputs: {},
    outputs: {},
    resources,
    async run({ $ }) {
      await $({ env: { API_TOKEN: 's3cr3t', LC_ALL: 'C' } })`true`;
    },
  });
  using done = await runStep(tokens, { inputs: {} });
  expect(done.log).toBe('$ API_TOKEN="$API_TOKEN" LC_ALL=C true\n');
});

test('params have their defaults, and an optional output may be absent', async () => {
  const folder = workFolder({ 'a.txt': 'b\na\n' });
  using done = await runStep(sorted, { inputs: { text: join(folder, 'a.txt') }, sample: 'T7' });
  expect(Object.keys(done.outputs)).toEqual(['sorted']);
  expect(done.outputs.sorted).toMatch(/\/T7\.sorted\.txt$/);
});

test('a gather receives the files of all samples, and the members', async () => {
  const folder = workFolder({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  const inputs = { sorted: ['a', 'b'].map((sample) => ({ sample, path: join(folder, `${sample}.txt`) })) };
  using done = await runStep(gather, { inputs });
  expect(done.text('all')).toBe('a\nb\n');
  const missing = { step: 'sort', cause: 'tool', message: 'broken' } as const;
  await expect(runStep(gather, { inputs, members: [{ sample: 'c', steps: {}, missing }] })).rejects.toMatchObject({
    reason: 'check',
    message: 'c is missing: broken',
  });
});

const failingTool = defineStep({
  name: 'fail',
  description: '',
  inputs: { text: samples.txt },
  outputs: { out: 'out.txt' },
  resources,
  async run({ $ }) {
    await $`false`;
  },
});

/** A step that does only this. */
function step(run: (context: { text: string; out: string }) => Promise<unknown> | void) {
  return defineStep({
    name: 'odd',
    description: '',
    inputs: { text: samples.txt },
    outputs: { out: 'out.txt' },
    resources,
    async run({ inputs, outputs }) {
      await run({ text: inputs.text, out: outputs.out });
    },
  });
}

test('what fails a task fails here, with its cause', async () => {
  const inputs = { text: join(workFolder({ 'a.txt': 'a\n' }), 'a.txt') };
  const failing = runStep(sorted, { inputs, params: { lines: -1 } });
  await expect(failing).rejects.toBeInstanceOf(FailedStep);
  await expect(failing).rejects.toMatchObject({ reason: 'check', log: expect.stringContaining('head') });
  await expect(runStep(failingTool, { inputs })).rejects.toMatchObject({ reason: 'tool', log: '$ false\n' });
  const silent = runStep(
    step(() => undefined),
    { inputs },
  );
  await expect(silent).rejects.toMatchObject({ reason: 'check', message: expect.stringContaining('"out" (out.txt)') });
  const writing = runStep(
    step(({ text, out }) => {
      writeFileSync(out, '');
      writeFileSync(text, 'changed');
    }),
    { inputs },
  );
  await expect(writing).rejects.toMatchObject({ reason: 'input' });
});

test('an input that does not exist is named', async () => {
  await expect(runStep(sorted, { inputs: { text: '/nowhere/S1.txt' } })).rejects.toThrow(
    'Input "text" of step sort is /nowhere/S1.txt, which does not exist',
  );
  // @ts-expect-error -- the compiler asks for it, too
  await expect(runStep(sorted, { inputs: {} })).rejects.toThrow('Input "text" of step sort is missing');
});

test('inputs, params and outputs have the types of the step', () => {
  type Run = Parameters<typeof runStep<typeof sorted>>[1];
  expectTypeOf<Run['params']>().toEqualTypeOf<Partial<{ readonly lines: number }> | undefined>();
  expectTypeOf<Run['inputs']['text']>().toEqualTypeOf<string>();
  expectTypeOf<Run['inputs']['age']>().toEqualTypeOf<number | undefined>();
  // @ts-expect-error -- misspelt input
  expect(() => ({ inputs: { txt: '' } }) satisfies Run).not.toThrow();
});
