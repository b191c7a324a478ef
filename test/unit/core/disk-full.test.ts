import { expect, test } from 'vitest';
import { hasNoRoom } from '../../../src/runner/failure.ts';

const roomy = { bsize: 4096, blocks: 1000, bfree: 500, bavail: 450, files: 100, ffree: 50 };

test('a disk is full for a process that cannot write to it', () => {
  expect(hasNoRoom(roomy, false)).toBe(false);
  expect(hasNoRoom({ ...roomy, bfree: 0, bavail: 0 }, true)).toBe(true);
  expect(hasNoRoom({ ...roomy, ffree: 0 }, false)).toBe(true);
});

test('reserved space is available to root only', () => {
  expect(hasNoRoom({ ...roomy, bfree: 50, bavail: 0 }, false)).toBe(true);
  expect(hasNoRoom({ ...roomy, bfree: 50, bavail: 0 }, true)).toBe(false);
});

test('a filesystem without size information is not full', () => {
  const nothing = { bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  expect(hasNoRoom(nothing, false)).toBe(false);
});
