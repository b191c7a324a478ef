import { expect, test } from 'vitest';
import { hasNoRoom } from '../../../src/runner/failure.ts';

const roomy = { bsize: 4096, blocks: 1000, bfree: 500, bavail: 450, files: 100, ffree: 50 };

test('a disk is full for whoever finds no room on it', () => {
  expect(hasNoRoom(roomy, false)).toBe(false);
  expect(hasNoRoom({ ...roomy, bfree: 0, bavail: 0 }, true)).toBe(true);
  expect(hasNoRoom({ ...roomy, ffree: 0 }, false)).toBe(true);
});

test('what is in reserve is room for root only', () => {
  expect(hasNoRoom({ ...roomy, bfree: 50, bavail: 0 }, false)).toBe(true);
  expect(hasNoRoom({ ...roomy, bfree: 50, bavail: 0 }, true)).toBe(false);
});

test('a filesystem that tells nothing is not full', () => {
  const nothing = { bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  expect(hasNoRoom(nothing, false)).toBe(false);
});
