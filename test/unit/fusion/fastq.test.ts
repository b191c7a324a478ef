import { appendFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summarizeFastqPair, explainMismatch } from '../../../pipelines/fusion/formats/fastq-pair.ts';
import { summarizeFastq } from '../../../pipelines/fusion/formats/fastq.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();
const record = (name: string, sequence = 'ACGTN', quality = 'I'.repeat(sequence.length)): string =>
  `@${name}\n${sequence}\n+\n${quality}\n`;
const first = { mate: 1, style: 'slash' } as const;

describe('counting', () => {
  test.each([
    ['nothing', '', 0],
    ['two reads', record('a') + record('b'), 2],
    ['no end of the last line', (record('a') + record('b')).slice(0, -1), 2],
    ['Windows line ends', (record('a') + record('b')).replaceAll('\n', '\r\n'), 2],
    ['blank lines at the end', `${record('a')}\n\n`, 1],
    ['a read of no bases', `${record('a', '')}${record('b')}`, 2],
    ['a quality that looks like a name', record('a', 'ACGT', '@abc') + record('b', 'ACGT', '+III'), 2],
    ['a repeated name on the plus line', '@a x\nAC\n+a x\nII\n', 1],
  ])('%s', async (_, text, reads) => {
    expect((await summarizeFastq(file('plain.fq', text), first)).reads).toBe(reads);
    expect((await summarizeFastq(file('packed.fq.gz', gzipSync(text)), first)).reads).toBe(reads);
  });

  test('several gzip members in one file, as bgzip writes them', async () => {
    const packed = Buffer.concat([gzipSync(record('a')), gzipSync(record('b') + record('c'))]);
    expect((await summarizeFastq(file('members.fq.gz', packed), first)).reads).toBe(3);
  });

  test('a file larger than the reader’s pieces', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => record(`read.${i}`, 'ACGT'.repeat(1 + (i % 40)))).join('');
    expect(text.length).toBeGreaterThan(2 * 1024 * 1024);
    expect((await summarizeFastq(file('large.fq', text), first)).reads).toBe(20_000);
  });
});

describe('what is wrong', () => {
  test.each([
    ['a missing quality line', '@a\nACGT\n+\n', 'ends in the middle of record 1'],
    ['a cut in the qualities', (record('a') + record('b')).slice(0, -4), 'ends in the middle of record 2'],
    ['a cut in the sequence', record('a') + record('b').slice(0, 5), 'ends in the middle of record 2'],
    [
      'a short quality line',
      record('a') + record('b', 'ACGT', 'II'),
      'has a quality line in record 2 that is not as long',
    ],
    [
      'a long quality line',
      record('a', 'ACGT', 'IIIII') + record('b'),
      'has a quality line in record 1 that is not as',
    ],
    ['a star for qualities', record('a') + record('b', 'ACGT', '*'), 'has no base qualities in record 2 ("*")'],
    ['FASTA', '>a\nACGT\n>b\nACGT\n', 'is no FASTQ: record 1'],
    ['a lost line', `${record('a')}@b\nACGT\nIIII\n${record('c')}`, 'is no FASTQ: record 2'],
  ])('%s', async (_, text, problem) => {
    await expect(summarizeFastq(file('bad.fq', text), first)).rejects.toThrow(`bad.fq ${problem}`);
  });

  test('truncated or changed gzip', async () => {
    const packed = gzipSync(Array.from({ length: 500 }, (_, i) => record(`read${i * 7919}`)).join(''));
    const cut = file('cut.fq.gz', packed.subarray(0, packed.length - 20));
    await expect(summarizeFastq(cut, first)).rejects.toThrow(
      'cut.fq.gz ends in the middle: it is a truncated gzip file',
    );
    packed.writeUInt32LE(1234, packed.length - 8);
    await expect(summarizeFastq(file('changed.fq.gz', packed), first)).rejects.toThrow('changed.fq.gz is damaged');
  });
});

describe('pairs', () => {
  const pair = (one: readonly string[], two: readonly string[]) => ({
    r1: file('r1.fq', one.map((name) => record(name)).join('')),
    r2: file('r2.fq', two.map((name) => record(name)).join('')),
  });

  test.each([
    ['/1 and /2', ['a/1', 'b/1'], ['a/2', 'b/2']],
    ['the same names', ['a', 'b'], ['a', 'b']],
    ['comments, as bcl2fastq writes', ['a 1:N:0:AC', 'b 1:N:0:AC'], ['a 2:N:0:AC', 'b 2:N:0:AC']],
    ['.1 and .2, as fasterq-dump writes', ['S.1.1', 'S.2.1'], ['S.1.2', 'S.2.2']],
    ['numbers that only look like mates', ['S.1', 'S.2'], ['S.1', 'S.2']],
  ])('belong together by %s', async (_, one, two) => {
    expect(await summarizeFastqPair(pair(one, two))).toEqual({ reads: { r1: 2, r2: 2 }, sameNames: true });
  });

  test.each([
    ['another order', ['a', 'b'], ['b', 'a'], 'r2.fq has read "b" as number 1, but the first file has "a" there'],
    ['a shift', ['a', 'b', 'c'], ['b', 'c', 'd'], 'r2.fq has read "b" as number 1'],
    ['a missing mate', ['a', 'b'], ['a'], 'r2.fq ends after 1 reads, the first file goes on'],
    ['an extra mate', ['a'], ['a', 'b'], 'r1.fq ends after 1 reads, the second file goes on'],
    ['the first file twice', ['a/1'], ['a/1'], 'r2.fq has read "a/1" as number 1, but the first file has "a/1" there'],
    ['names cut elsewhere', ['ab', 'c'], ['a', 'bc'], 'r2.fq has read "a" as number 1'],
  ])('do not by %s', async (_, one, two, problem) => {
    const files = pair(one, two);
    const { reads, sameNames } = await summarizeFastqPair(files);
    expect(reads.r1 === reads.r2 && sameNames).toBe(false);
    await expect(explainMismatch(files)).rejects.toThrow(problem);
  });

  test('any two lists of names are distinguished', async () => {
    const names = fc.array(fc.stringMatching(/^[A-Za-z0-9:._-]{1,6}$/), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(names, names, async (one, two) => {
        const { reads, sameNames } = await summarizeFastqPair(
          pair(
            one.map((name) => `${name}/1`),
            two.map((name) => `${name}/2`),
          ),
        );
        expect(reads.r1 === reads.r2 && sameNames).toBe(one.join('\n') === two.join('\n'));
      }),
      { numRuns: 60 },
    );
  });
});

test('a file still being written is read to its end', async () => {
  const path = file('growing.fq.gz', '');
  const packed = gzipSync(Array.from({ length: 3000 }, (_, i) => record(`read${i * 7919}/1`)).join(''));
  let isWriting = true;
  const writing = (async () => {
    await writeFile(path, packed.subarray(0, 7));
    for (let at = 7; at < packed.length; at += 2000) {
      await sleep(5);
      await appendFile(path, packed.subarray(at, at + 2000));
    }
    isWriting = false;
  })();
  const summary = await summarizeFastq(path, { ...first, growing: () => isWriting });
  await writing;
  expect(summary).toEqual(await summarizeFastq(path, first));
  expect(summary.reads).toBe(3000);
});
