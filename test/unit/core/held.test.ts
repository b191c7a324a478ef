import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { heldState, heldStep, lastFailure, type OutputEntry, isWhole, outputsPrint } from '../../../src/record/held.ts';
import type { RecordName } from '../../../src/record/keys.ts';

const KEY = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const file = fc.record({
  file: fc.stringMatching(/^[\w.-]{1,12}$/),
  size: fc.nat(1000),
  sha256: fc.stringMatching(/^[0-9a-f]{8}$/),
});
const files = fc.uniqueArray(file, { minLength: 1, maxLength: 4, selector: (one) => one.file });

function success(sample: string, key: string): RecordName {
  return { sample, key, state: 'succeeded' };
}

function outputs(sample: string, key: string, print: string, sizes: Readonly<Record<string, number>>): OutputEntry[] {
  return Object.entries(sizes).map(([name, size]) => ({ task: `${sample}.${key}`, print, file: name, size }));
}

test('a task is whole while its folder has files of the same names and sizes', () => {
  const print = outputsPrint([
    { file: 'a', size: 1, sha256: 'x' },
    { file: 'b', size: 2, sha256: 'y' },
  ]);
  const state = (sizes: Record<string, number>) =>
    heldState(heldStep([success('S1', KEY)], outputs('S1', KEY, print, sizes)), 'S1', KEY);
  expect(state({ a: 1, b: 2 })).toBe('whole');
  expect(state({ b: 2, a: 1 })).toBe('whole');
  expect(state({ a: 1 })).toBe('damaged');
  expect(state({ a: 1, b: 3 })).toBe('damaged');
  expect(state({ a: 1, b: 2, c: 0 })).toBe('damaged');
  expect(state({})).toBe('removed');
});

test('one whole folder is enough: the loser of a race may have left another', () => {
  const print = outputsPrint([{ file: 'a', size: 1, sha256: 'x' }]);
  const both = [...outputs('S1', KEY, 'f'.repeat(16), { a: 9 }), ...outputs('S1', KEY, print, { a: 1 })];
  expect(heldState(heldStep([success('S1', KEY)], both), 'S1', KEY)).toBe('whole');
});

test('outputs without a success do not count, and every key and sample is separate', () => {
  const print = outputsPrint([{ file: 'a', size: 1, sha256: 'x' }]);
  const held = heldStep(
    [success('S1', KEY)],
    [...outputs('S1', KEY, print, { a: 1 }), ...outputs('S2', KEY, print, { a: 1 })],
  );
  expect(heldState(held, 'S2', KEY)).toBeUndefined();
  expect(heldState(held, 'S1', OTHER)).toBeUndefined();
  expect(heldState(undefined, 'S1', KEY)).toBeUndefined();
});

test('samples whose names contain dots and keys are distinguished', () => {
  const names = ['S', 'S.1', `S.${KEY}`, 'S-1', 'S_1', '1'];
  const print = outputsPrint([{ file: 'a', size: 1, sha256: 'x' }]);
  const records = names.map((name) => success(name, KEY));
  for (const lost of names) {
    const kept = names.filter((name) => name !== lost).flatMap((name) => outputs(name, KEY, print, { a: 1 }));
    const held = heldStep(records, kept);
    for (const name of names)
      expect([name, heldState(held, name, KEY)]).toEqual([name, name === lost ? 'removed' : 'whole']);
  }
});

test('the last failure is that of the last attempt of the last submission, of one run if given', () => {
  const failure = (run: string, submission: number, attempt: number, key = KEY): RecordName => ({
    ...{ sample: 'S1', key, state: 'failed', cause: `${run} ${submission} ${attempt}` },
    attempt: { run, submission, attempt },
  });
  const held = heldStep(
    [failure('a-1', 2, 1), failure('a-1', 1, 3), failure('a-2', 0, 2), failure('a-1', 9, 9, OTHER)],
    [],
  );
  expect(lastFailure(held, 'S1', KEY)?.cause).toBe('a-1 2 1');
  expect(lastFailure(held, 'S1', KEY, 'a-2')?.cause).toBe('a-2 0 2');
  expect(lastFailure(held, 'S1', KEY, 'a-3')).toBeUndefined();
  expect(lastFailure(held, 'S2', KEY)).toBeUndefined();
});

test('a fingerprint covers names and sizes, and then content, in any order', () => {
  fc.assert(
    fc.property(files, files, (one, other) => {
      const print = outputsPrint(one);
      expect(print).toMatch(/^[0-9a-f]{16}$/);
      expect(outputsPrint(one.toReversed())).toBe(print);
      expect(isWhole(print, one.toReversed())).toBe(true);
      const shape = (all: typeof one) => Object.fromEntries(all.map(({ file: name, size }) => [name, size]));
      expect(isWhole(print, other)).toBe(isDeepStrictEqual(shape(one), shape(other)));
      const changed = one.map((each, i) => (i === 0 ? { ...each, sha256: `${each.sha256}0` } : each));
      expect(outputsPrint(changed).slice(0, 10)).toBe(print.slice(0, 10));
      expect(outputsPrint(changed)).not.toBe(print);
    }),
  );
});
