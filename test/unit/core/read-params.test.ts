import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type PipelineError, PipelineErrors } from '../../../src/errors.ts';
import { defineParams, defineSamples } from '../../../src/pipeline/inputs.ts';
import { definePipeline } from '../../../src/pipeline/pipeline.ts';
import { readParams } from '../../../src/pipeline/read-params.ts';
import { defineStep } from '../../../src/pipeline/step.ts';

const samples = defineSamples({ txt: { file: 'Text' } });
const step = defineStep({
  ...{ name: 'step', description: '', inputs: { text: samples.txt }, outputs: { out: 'out' } },
  resources: { cpus: 1, memory: '1 MB', scratch: '1 MB', time: '1s' },
  run: async () => undefined,
});
const params = defineParams({
  k: z.number().int().min(3).default(31),
  name: z.string().default('none'),
  strict: z.boolean().default(false),
  size: z.union([z.literal('auto'), z.number()]).default(400),
  mode: z.enum(['fast', 'slow']).default('fast'),
  list: z.array(z.string()).default([]),
});
const pipeline = definePipeline({ name: 'p', description: '', samples, params, steps: [step] });

function read(...given: [name: string, value: unknown][]): Record<string, unknown> {
  return readParams(
    pipeline,
    given.map(([name, value]) => ({ name, value, where: '-p' })),
  );
}

function errors(...given: [name: string, value: unknown][]): string[] {
  try {
    read(...given);
  } catch (error) {
    const all = error instanceof PipelineErrors ? error.errors : [error as PipelineError];
    return all.map(({ message }) => message);
  }
  return [];
}

test('defaults apply if nothing is given', () => {
  expect(read()).toEqual({ k: 31, name: 'none', strict: false, size: 400, mode: 'fast', list: [] });
});

test('text from the command line is converted to the type of the param', () => {
  expect(
    read(['k', '25'], ['name', '7'], ['strict', 'true'], ['size', 'auto'], ['mode', 'slow'], ['list', '["a"]']),
  ).toEqual({
    ...{ k: 25, name: '7', strict: true, size: 'auto', mode: 'slow', list: ['a'] },
  });
  expect(read(['size', '300'])).toMatchObject({ size: 300 });
});

test('values from a file are used as they are', () => {
  expect(read(['k', 25], ['strict', true], ['list', ['a', 'b']])).toMatchObject({
    k: 25,
    strict: true,
    list: ['a', 'b'],
  });
});

test('the last value given counts', () => {
  expect(read(['k', 25], ['k', '21'])).toMatchObject({ k: 21 });
});

test('errors refer to the value as intended', () => {
  expect(errors(['k', '2'])).toMatchInlineSnapshot(`
    [
      "Param "k" cannot be "2": Too small: expected number to be >=3",
    ]
  `);
  expect(errors(['k', 'x'])).toMatchInlineSnapshot(`
    [
      "Param "k" cannot be "x": Invalid input: expected number, received string",
    ]
  `);
  expect(errors(['strict', 'yes'])).toMatchInlineSnapshot(`
    [
      "Param "strict" cannot be "yes": Invalid input: expected boolean, received string",
    ]
  `);
  expect(errors(['mode', 'fsat'])).toMatchInlineSnapshot(`
    [
      "Param "mode" cannot be "fsat": Invalid option: expected one of "fast"|"slow"",
    ]
  `);
  expect(errors(['kk', '1'], ['k', ''])).toMatchInlineSnapshot(`
    [
      "There is no param "kk"",
      "Param "k" cannot be "": Invalid input: expected number, received string",
    ]
  `);
});

test('a param without a default must be given', () => {
  const needed = definePipeline({ ...pipeline, params: defineParams({ id: z.string() }) });
  expect(() => readParams(needed, [])).toThrow('Param "id" must be given');
});

test('text for a text param is never converted', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(read(['name', text])).toMatchObject({ name: text });
    }),
  );
});
