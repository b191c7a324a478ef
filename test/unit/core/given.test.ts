import { expect, test } from 'vitest';
import { given } from '../../../src/given.ts';

test('properties that are undefined are left out, and every other value is kept', () => {
  const properties = given({ a: undefined, b: 0, c: '', d: false, e: null });
  expect(Object.keys(properties)).toEqual(['b', 'c', 'd', 'e']);
  expect(properties).toEqual({ b: 0, c: '', d: false, e: null });
});
