import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAnnotation } from '../../../pipelines/fusion/formats/annotation.ts';
import { gtfAttribute, parseGtfLine } from '../../../pipelines/fusion/formats/gtf.ts';
import { writeAnnotation } from '../../../pipelines/fusion/formats/write-annotation.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();
const row = (feature: string, start: number, end: number, attributes: string, strand = '-'): string =>
  ['1', 'havana', feature, start, end, '.', strand, '.', attributes].join('\t');

describe('attributes', () => {
  const text = 'gene_id "G1"; gene_version "3"; level 2; tag "a;b"; gene_name "X Y"; old_gene_name "Z"';
  test.each([
    ['gene_id', 'G1'],
    ['gene_version', '3'],
    ['level', '2'],
    ['tag', 'a;b'],
    ['gene_name', 'X Y'],
    ['old_gene_name', 'Z'],
    ['gene', undefined],
    ['name', undefined],
  ])('%s', (key, value) => {
    expect(gtfAttribute(text, key)).toBe(value);
  });
});

test('rows of other features are skipped', () => {
  expect(parseGtfLine('#!genome-build X')).toBeUndefined();
  expect(parseGtfLine(row('CDS', 1, 9, 'gene_id "G1"'))).toBeUndefined();
  expect(parseGtfLine('')).toBeUndefined();
});

test('missing rows are derived, and exons come in transcription order', async () => {
  const ids =
    'gene_id "G1"; gene_version "2"; transcript_id "T1"; transcript_version "5"; gene_name "ABC"; transcript_biotype "protein_coding";';
  const gtf = file(
    'bare.gtf',
    [row('exon', 100, 149, ids), row('exon', 300, 349, ids), row('exon', 300, 349, ids)].join('\n'),
  );
  const annotation = await readAnnotation(gtf);
  const [transcript] = annotation.transcripts.values();
  const target = file('out.gtf.gz', '');
  const written = await writeAnnotation(annotation, new Map(transcript ? [[transcript, 'T1.5']] : []), target);
  expect(written).toEqual({ genes: 1, transcripts: 1, proteinCoding: 1, reordered: 1, addedRows: 2 });
  expect(annotation.repeatedRows).toBe(1);
  expect(gunzipSync(readFileSync(target)).toString()).toMatchInlineSnapshot(`
    "1	reference	gene	100	349	.	-	.	gene_id "G1.2"; gene_name "ABC"; gene_biotype "protein_coding";
    1	reference	transcript	100	349	.	-	.	gene_id "G1.2"; transcript_id "T1.5"; transcript_biotype "protein_coding";
    1	reference	exon	300	349	.	-	.	gene_id "G1.2"; transcript_id "T1.5";
    1	reference	exon	100	149	.	-	.	gene_id "G1.2"; transcript_id "T1.5";
    "
  `);
});

describe('contradictions', () => {
  const T1 = 'gene_id "G1"; transcript_id "T1";';
  test.each([
    [
      'a transcript in two genes',
      [row('exon', 1, 9, T1), row('exon', 20, 29, 'gene_id "G2"; transcript_id "T1";')],
      'line 2: transcript T1',
    ],
    ['a transcript on both strands', [row('exon', 1, 9, T1), row('exon', 20, 29, T1, '+')], 'line 2: transcript T1'],
    [
      'a gene at two places',
      [row('gene', 1, 9, 'gene_id "G1";'), row('gene', 5, 9, 'gene_id "G1";')],
      'line 2: gene G1',
    ],
    ['an interval that ends before it begins', [row('exon', 9, 1, T1)], 'line 1: an interval from 9 to 1'],
    ['no strand', [row('exon', 1, 9, T1, '.')], 'line 1: strand "."'],
    ['no gene', [row('exon', 1, 9, 'transcript_id "T1";')], 'line 1: no gene_id'],
    ['a transcript of nothing', [row('transcript', 1, 9, T1)], 'has transcript T1 without exons'],
    ['nothing', ['# empty'], 'has no transcripts'],
  ])('%s', async (_, rows, problem) => {
    await expect(readAnnotation(file('odd.gtf', rows.join('\n')))).rejects.toThrow(`odd.gtf ${problem}`);
  });
});
