import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../pipelines/fusion/demo/random.ts';

test('always draws the same numbers', () => {
  const random = new Random(1);
  expect([random.bits(), random.bits(), random.below(100), random.bell(220, 40)]).toMatchInlineSnapshot(`
    [
      2693262067,
      11749833,
      52,
      249,
    ]
  `);
});

test('two labels have independent numbers', () => {
  expect(Random.for(1, 'S1').bits()).not.toBe(Random.for(1, 'S2').bits());
  expect(Random.for(1, 'S1').bits()).not.toBe(Random.for(2, 'S1').bits());
  expect(Random.for(1, 'S1').bits()).toBe(Random.for(1, 'S1').bits());
});

test('numbers stay between their limits, both included', () => {
  const random = new Random(7);
  const drawn = new Set(Array.from({ length: 500 }, () => random.between(-2, 2)));
  expect([...drawn].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
});

test('shuffling keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = new Random(seed).shuffled(items);
      const byValue = (a: number, b: number): number => a - b;
      expect(shuffled.toSorted(byValue)).toEqual(items.toSorted(byValue));
    }),
  );
});

test('the bell curve has the requested mean and spread', () => {
  const random = new Random(3);
  const drawn = Array.from({ length: 20_000 }, () => random.bell(220, 40));
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length;
  expect(mean).toBeCloseTo(220, -0.5);
  expect(Math.sqrt(variance)).toBeCloseTo(40, -0.5);
});
