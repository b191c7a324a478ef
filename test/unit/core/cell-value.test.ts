import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { definePipeline, defineParams, defineSamples, defineStep, z } from '../../../src/index.ts';
import { cellIdentity as identityOf, readCell } from '../../../src/pipeline/cell-value.ts';

const cellIdentity = (schema: z.ZodType, cell: string | undefined) => identityOf({ schema, column: 'age' }, cell);

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

  test('that the schema refuses gives the reason', () => {
    expect(readCell(z.coerce.number(), 'old')).toEqual({ issue: 'Invalid input: expected number, received NaN' });
    expect(readCell(z.number().max(120), '121')).toEqual({ issue: 'Too big: expected number to be <=120' });
    expect(readCell(z.enum(['f', 'm']), 'x')).toEqual({ issue: 'Invalid option: expected one of "f"|"m"' });
  });

  test('at which its schema throws gives the reason, too', () => {
    const ages = z.preprocess((value) => (value as string).split(','), z.array(z.coerce.number().max(9)));
    expect(readCell(ages, '1,2')).toEqual({ value: [1, 2] });
    expect(readCell(ages, '123')).toEqual({ issue: 'Too big: expected number to be <=9' });
    const doubled = z.preprocess((value) => (value as string).repeat(-1), z.string());
    expect(readCell(doubled, 'x')).toEqual({ issue: 'Invalid count value: -1' });
    expect(
      readCell(
        z
          .string()
          .optional()
          .transform((text) => text!.length),
        undefined,
      ),
    ).toEqual({
      issue: expect.stringContaining('undefined'),
    });
  });
});

describe('in task keys', () => {
  test('text counts as before, and so does an empty cell', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(cellIdentity(z.string(), text)).toBe(text);
      }),
    );
    expect(cellIdentity(z.enum(['f', 'm']), 'f')).toBe('f');
    expect(cellIdentity(z.string(), undefined)).toBe('');
    expect(cellIdentity(z.coerce.number(), undefined)).toBe('');
  });

  test('a different value is a different input, also from a default or a transform', () => {
    const schemas = [z.string(), z.coerce.number(), z.coerce.number().default(5), z.coerce.number().default(6)];
    const cells = ['5', '6', undefined];
    const all = schemas.flatMap((schema) => cells.map((cell) => cellIdentity(schema, cell)));
    // The default does not matter where there is a cell, and nothing is nothing.
    expect(new Set(all).size).toBe(7);
    expect(cellIdentity(z.string().toLowerCase(), 'F')).not.toBe(cellIdentity(z.string(), 'F'));
  });

  test('values that JSON cannot express differ as well, and indistinguishable ones are refused', () => {
    const date = new Date('2026-01-02');
    const values: unknown[] = [
      ...[null, NaN, Infinity, -Infinity, 0, -0, 5, 5n, '5', '5n', true, 'true', date, date.toJSON(), new Date(NaN)],
      ...[/a/, /a/g, '/a/', [1, 2], new Set([1, 2]), new Set([2, 1]), new Map([[1, 2]]), [[1, 2]], new Map([[2, 1]])],
      ...[{}, { a: 1 }, { a: 1n }, { a: new Set([1]) }, { a: new Set([2]) }, new URL('http://a/'), [NaN], [null]],
    ];
    const given = (value: unknown) => z.string().transform(() => value);
    expect(new Set(values.map((value) => cellIdentity(given(value), 'x'))).size).toBe(values.length);
    expect(cellIdentity(given({ a: [1.5, null, 'é'], b: {} }), 'x')).toBe('x\0{"a":[1.5,null,"é"],"b":{}}');

    class Opaque {
      #secret = 1;
      show(): number {
        return this.#secret;
      }
    }
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [() => 1, Symbol('a'), { a: [() => 1] }, cycle, new Opaque(), new WeakMap()])
      expect(() => cellIdentity(given(value), 'x')).toThrow('The schema of column age makes a value that cannot be');
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
