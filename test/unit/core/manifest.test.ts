import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expandRanges, sampleAt, toRanges } from '../../../src/record/manifest.ts';

const indices = fc.uniqueArray(fc.nat(60), { maxLength: 40 }).map((all) => all.toSorted((a, b) => a - b));

test('ranges are short', () => {
  expect(toRanges([3, 4, 5, 9])).toEqual([
    [3, 3],
    [9, 1],
  ]);
  expect(toRanges([])).toEqual([]);
  expect(toRanges([5, 4])).toEqual([
    [5, 1],
    [4, 1],
  ]);
});

test('an array index always maps to the same sample', () => {
  fc.assert(
    fc.property(indices, (all) => {
      const ranges = toRanges(all);
      expect(expandRanges(ranges)).toEqual(all);
      expect(all.map((_, i) => sampleAt(ranges, i))).toEqual(all);
      expect(sampleAt(ranges, all.length)).toBeUndefined();
      const isApart = ranges.slice(1).every(([first], i) => first > ranges[i]![0] + ranges[i]![1]);
      expect(isApart).toBe(true);
    }),
  );
});
