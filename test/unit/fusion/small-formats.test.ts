import { describe, expect, test } from 'vitest';
import { assertBam } from '../../../pipelines/fusion/formats/bam.ts';
import { parseFlagstat } from '../../../pipelines/fusion/formats/flagstat.ts';
import { checkIndex, readIndexHeader } from '../../../pipelines/fusion/formats/kallisto-index.ts';
import { readRunInfo, runInfoText } from '../../../pipelines/fusion/formats/run-info.ts';
import {
  STRANDEDNESS_WORDS,
  strandednessFlags,
  strandednessOf,
} from '../../../pipelines/fusion/formats/strandedness.ts';
import { javaHeapMiB } from '../../../pipelines/fusion/java-heap.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();

describe('kallisto index', () => {
  /** Bytes as kallisto 0.48.0 and 0.51.1 wrote them. */
  const old = Buffer.from('0a00000000000000' + '1f000000' + '58000000' + 'c003000000000000' + '00000000', 'hex');
  const graph = Buffer.from('0d00000000000000' + '859f000000000000' + '010000003f5f217e' + '15000000', 'hex');

  test('reports format and k', () => {
    expect(readIndexHeader(file('old.idx', old))).toEqual({ version: 10, k: 31, targets: 88 });
    expect(readIndexHeader(file('graph.idx', graph))).toEqual({ version: 13, k: 21, targets: undefined });
  });

  test('refuses another k, another format and other files', () => {
    const path = file('old.idx', old);
    expect(checkIndex(path, { k: 31, version: 10 }).k).toBe(31);
    expect(() => checkIndex(path, { k: 25 })).toThrow('old.idx was built with k = 31, but this run uses k = 25');
    expect(() => checkIndex(path, { k: 31, version: 13 })).toThrow(
      'old.idx has index format 10 (kallisto 0.42.2 to 0.48.0), not 13',
    );
    for (const bytes of [
      Buffer.alloc(0),
      old.subarray(0, 12),
      Buffer.from('>ENST1 cdna and more of it\n'),
      graph.fill(0, 20, 24),
    ]) {
      expect(() => readIndexHeader(file('other.idx', bytes))).toThrow('other.idx is no kallisto index');
    }
  });
});

describe('BAM', () => {
  test.each([
    ['is empty (0 bytes)', Buffer.alloc(0)],
    ['is a CRAM file', Buffer.from('CRAM\u0003\u0000')],
    ['is no BAM file', Buffer.from('@HD\tVN:1.6\n')],
  ])('%s', (problem, bytes) => {
    expect(() => assertBam(file('S1.bam', bytes))).toThrow(`S1.bam ${problem}`);
  });
});

test('flagstat: failed reads count only if they are used', () => {
  const counts = (n: number) => ({ primary: 10 * n, 'paired in sequencing': 8 * n, read1: 4 * n, read2: 4 * n });
  const text = JSON.stringify({ 'QC-passed reads': counts(1), 'QC-failed reads': counts(2) });
  expect(parseFlagstat(text, false)).toEqual({ reads: 10, read1: 4, read2: 4, unpaired: 2 });
  expect(parseFlagstat(text, true)).toEqual({ reads: 30, read1: 12, read2: 12, unpaired: 6 });
});

test('run_info.json loses its time and its folders', () => {
  const facts = {
    n_targets: 1,
    n_bootstraps: 0,
    n_processed: 10,
    n_pseudoaligned: 9,
    n_unique: 3,
    p_pseudoaligned: 90.0,
    p_unique: 30.0,
    kallisto_version: '0.48.0',
    index_version: 10,
  };
  const written = {
    ...facts,
    start_time: 'Mon Nov 23',
    call: 'kallisto quant -i /tmp/x/t.idx -o /tmp/x/out -b 0 /a/S1_r1.fq.gz',
  };
  expect(JSON.parse(runInfoText(readRunInfo(file('run_info.json', JSON.stringify(written)))))).toEqual({
    ...facts,
    call: 'kallisto quant -i t.idx -o out -b 0 S1_r1.fq.gz',
  });
  expect(() => readRunInfo(file('run_info.json', '{"n_targets": 1,'))).toThrow('run_info.json is no run_info.json');
});

test('strandedness: every term has a meaning, and an empty one defers to the param', () => {
  const meanings = STRANDEDNESS_WORDS.map(
    (word) => `${word}: ${strandednessFlags(strandednessOf(word, 'unstranded')).join()}`,
  );
  expect(meanings).toMatchInlineSnapshot(`
    [
      "rf-stranded: --rf-stranded",
      "reverse: --rf-stranded",
      "ISR: --rf-stranded",
      "fr-stranded: --fr-stranded",
      "forward: --fr-stranded",
      "ISF: --fr-stranded",
      "unstranded: ",
      "IU: ",
      "auto: ",
    ]
  `);
  expect(strandednessOf(undefined, 'fr-stranded')).toBe('fr-stranded');
  expect(strandednessOf('', 'fr-stranded')).toBe('fr-stranded');
});

test.each([
  [512, 256],
  [2048, 1408],
  [4096, 3276],
  [16_384, 13_107],
])('of %i MiB, Java gets %i', (memory, heap) => {
  expect(javaHeapMiB(memory)).toBe(heap);
});
