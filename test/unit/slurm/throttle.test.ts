import fc from 'fast-check';
import { expect, test } from 'vitest';
import { throttle } from '../../../src/engine/slurm/sbatch-arguments.ts';

test('is one lane of that many if arrays are large enough', () => {
  expect(throttle(50, 1001)).toEqual({ lanes: 1, perArray: 50 });
  expect(throttle(10, 10)).toEqual({ lanes: 1, perArray: 10 });
});

test('is several lanes if arrays are small', () => {
  expect(throttle(25, 10)).toEqual({ lanes: 3, perArray: 8 });
  expect(throttle(1, 10)).toEqual({ lanes: 1, perArray: 1 });
});

test('never lets more run than requested, nor less than half of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 1001 }), (most, arraySize) => {
      const { lanes, perArray } = throttle(most, arraySize);
      expect(lanes * perArray).toBeLessThanOrEqual(most);
      expect(lanes * perArray * 2).toBeGreaterThan(most);
      expect(perArray).toBeLessThanOrEqual(Math.max(arraySize, 1));
    }),
  );
});
