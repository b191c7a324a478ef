import { describe, expect, test } from 'vitest';
import { sharedPrefixes } from '../../../src/samples/look-up-files.ts';

const names = (count: number, name: (i: number) => string) => Array.from({ length: count }, (_, i) => name(i));

describe('what is listed to look up files', () => {
  test.for<[string, string[], string[]]>([
    ['nothing for few', names(99, (i) => `in/S${i}.bam`), []],
    ['the folder of many', names(100, (i) => `in/S${i}.bam`), ['in/']],
    ['the bucket, where they lie on top', names(100, (i) => `S${i}.bam`), ['']],
    ['each of several folders', names(200, (i) => `lane-${i % 2}/S${i}.bam`), ['lane-0/', 'lane-1/']],
    ['the folder above one folder per sample', names(100, (i) => `study/S${i}/S${i}.bam`), ['study/']],
    [
      'both, and not the few in between',
      [...names(100, (i) => `flat/S${i}.bam`), ...names(100, (i) => `deep/S${i}/reads.bam`)],
      ['flat/', 'deep/'],
    ],
    ['a folder above, not a common start of names', names(100, (i) => `lane${i}/reads.bam`), ['']],
  ])('%s', ([, keys, expected]) => {
    expect(sharedPrefixes(keys)).toEqual(expected);
  });
});
