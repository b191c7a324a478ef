import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { definePipeline, defineParams, defineSamples, defineStep, z } from '../../../src/index.ts';
import { cellIdentity, readCell } from '../../../src/pipeline/cell-value.ts';

describe('a cell', () => {
  test.each<[string, z.ZodType, string | undefined, unknown]>([
    ['a number', z.coerce.number(), '7', 7],
    ['a number', z.number(), '7.5', 7.5],
    ['a boolean', z.boolean(), 'false', false],
    ['a boolean in words', z.stringbool(), 'no', false],
    ['a date', z.coerce.date(), '2026-01-02', new Date('2026-01-02')],
    ['text', z.string(), '7', '7'],
    ['one of some words', z.enum(['f', 'm']), 'f', 'f'],
    ['what a transform makes of it', z.string().transform((text) => text.length), 'four', 4],
    ['a list', z.array(z.number()), '[1,2]', [1, 2]],
  ])('is %s as its schema says', (_, schema, cell, value) => {
    expect(readCell(schema, cell)).toEqual({ value });
  });

  test.each<[z.ZodType, unknown]>([
    [z.coerce.number().default(5), 5],
    [z.coerce.number().default(5).describe('Age'), 5],
    [z.string().prefault('x'), 'x'],
    [z.coerce.number().catch(9), 9],
    [
      z
        .string()
        .default('a')
        .transform((text) => `${text}b`),
      'ab',
    ],
    [z.coerce.number().optional(), undefined],
    [z.coerce.number(), undefined],
    [z.coerce.string(), undefined],
    [z.enum(['f', 'm']), undefined],
    [z.number().nullable(), undefined],
  ])('that is empty is the default, or nothing', (schema, value) => {
    expect(readCell(schema, undefined)).toEqual({ value });
  });

  test('that the schema refuses says why', () => {
    expect(readCell(z.coerce.number(), 'old')).toEqual({ issue: 'Invalid input: expected number, received NaN' });
    expect(readCell(z.number().max(120), '121')).toEqual({ issue: 'Too big: expected number to be <=120' });
    expect(readCell(z.enum(['f', 'm']), 'x')).toEqual({ issue: 'Invalid option: expected one of "f"|"m"' });
  });
});

describe('in task keys', () => {
  test('text counts as it always has, and so does nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(cellIdentity(z.string(), text)).toBe(text);
      }),
    );
    expect(cellIdentity(z.enum(['f', 'm']), 'f')).toBe('f');
    expect(cellIdentity(z.string(), undefined)).toBe('');
    expect(cellIdentity(z.coerce.number(), undefined)).toBe('');
  });

  test('another value is another input, also one that a default or a transform gives', () => {
    const schemas = [z.string(), z.coerce.number(), z.coerce.number().default(5), z.coerce.number().default(6)];
    const cells = ['5', '6', undefined];
    const all = schemas.flatMap((schema) => cells.map((cell) => cellIdentity(schema, cell)));
    // The default does not matter where there is a cell, and nothing is nothing.
    expect(new Set(all).size).toBe(7);
    expect(cellIdentity(z.string().toLowerCase(), 'F')).not.toBe(cellIdentity(z.string(), 'F'));
  });
});

test('run sees the type of the value', () => {
  const samples = defineSamples({
    bam: { file: 'Reads' },
    age: { value: z.coerce.number().default(5) },
    sex: { value: z.enum(['f', 'm']) },
  });
  defineStep({
    name: 'typed',
    description: '',
    inputs: { bam: samples.bam, age: samples.age, sex: samples.sex },
    outputs: { out: 'out' },
    resources: { cpus: 1, memory: '1 MB', scratch: '1 MB', time: '1m' },
    run: async ({ inputs }) => {
      expectTypeOf(inputs.bam).toEqualTypeOf<string>();
      expectTypeOf(inputs.age).toEqualTypeOf<number>();
      expectTypeOf(inputs.sex).toEqualTypeOf<'f' | 'm' | undefined>();
    },
  });
  expect(samples.age.kind).toBe('sample-value');
});

test('a schema that takes "false" for true is refused', () => {
  const step = defineStep({
    ...{ name: 'a', description: '', inputs: {}, outputs: { out: 'out' }, run: async () => undefined },
    resources: { cpus: 1, memory: '1 MB', scratch: '1 MB', time: '1m' },
  });
  const define = (more: object) => () =>
    definePipeline({ name: 'p', description: '', samples: {}, steps: [step], ...more });
  const problem = 'z.coerce.boolean() takes any text for true, "false" too';
  expect(define({ samples: defineSamples({ ill: { value: z.coerce.boolean().default(true) } }) })).toThrow(problem);
  expect(define({ params: defineParams({ loud: z.coerce.boolean() }) })).toThrow(problem);
  expect(define({ samples: defineSamples({ ill: { value: z.boolean().default(true) } }) })).not.toThrow();
});
