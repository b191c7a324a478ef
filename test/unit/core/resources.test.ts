import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration, parseSize, NO_SIZES, taskResources } from '../../../src/pipeline/resources.ts';

test.each([
  ['512 MB', 512],
  ['7 GB', 7168],
  ['7GB', 7168],
  ['1.5 TB', 1_572_864],
  ['8G', 8192],
  ['8GiB', 8192],
  [' 1 gb ', 1024],
  ['0.1 MB', 1],
  ['0 MB', 0],
])('%s is %i MiB', (text, mebibytes) => {
  expect(parseSize(text)).toBe(mebibytes);
});

test.each([
  ['90s', 90],
  ['90 min', 5400],
  ['30m', 1800],
  ['4h', 14_400],
  ['2d', 172_800],
  ['1.5h', 5400],
  [' 1 h ', 3600],
])('%s is %i s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test('invalid sizes and times are refused', () => {
  for (const text of ['', '7', 'GB', '7 KB', '-1 GB', '1e3 GB', '7 GB!', '7,5 GB', 'NaN GB', '7 GBB'])
    expect([text, parseSize(text)]).toEqual([text, undefined]);
  for (const text of ['', '4', 'h', '-4h', '4H', '4 hours', '4:00', '1w'])
    expect([text, parseDuration(text)]).toEqual([text, undefined]);
});

test('integer sizes are kept, others are rounded up', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 99 }), (whole, hundredths) => {
      expect(parseSize(`${whole} MB`)).toBe(whole);
      expect(parseSize(`${whole}.${String(hundredths).padStart(2, '0')} MB`)).toBe(whole + 1);
    }),
  );
});

test('a step declares as text what a task gets in numbers', () => {
  const resources = { cpus: 2, memory: '7 GB', scratch: '100 MB', time: '2h' } as const;
  expect(taskResources({ name: 'a', resources }, NO_SIZES)).toEqual({
    ...{ cpus: 2, memoryMiB: 7168, scratchMiB: 100, timeLimitSeconds: 7200 },
  });
});
