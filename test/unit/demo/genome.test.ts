import { expect, test } from 'vitest';
import { chooseFusions } from '../../../pipelines/fusion/demo/fusions.ts';
import { lengthOf, makeGenome, spanOf } from '../../../pipelines/fusion/demo/genome.ts';
import { fastaText, gtfText } from '../../../pipelines/fusion/demo/reference-text.ts';

const genome = makeGenome({ seed: 5, genes: 40 });
const transcripts = genome.genes.flatMap((gene) => gene.transcripts.map((transcript) => ({ gene, transcript })));

test('the same seed gives the same reference, another seed another one', () => {
  expect(gtfText(makeGenome({ seed: 5, genes: 40 }))).toBe(gtfText(genome));
  expect(fastaText(makeGenome({ seed: 5, genes: 40 }))).toBe(fastaText(genome));
  expect(fastaText(makeGenome({ seed: 6, genes: 40 }))).not.toBe(fastaText(genome));
});

test('a transcript is as long as its exons', () => {
  const lengths = transcripts.map(({ transcript }) => transcript.exons.reduce((sum, exon) => sum + lengthOf(exon), 0));
  expect(lengths).toEqual(transcripts.map(({ transcript }) => transcript.sequence.length));
});

test('exons stand in transcription order on both strands, as pizzly needs them', () => {
  const starts = (strand: string): number[][] =>
    transcripts
      .filter(({ gene }) => gene.strand === strand)
      .map(({ transcript: { exons } }) => exons.map((e) => e.start));
  expect(starts('+').length).toBeGreaterThan(5);
  expect(starts('-').length).toBeGreaterThan(5);
  expect(starts('+')).toEqual(starts('+').map((list) => list.toSorted((a, b) => a - b)));
  expect(starts('-')).toEqual(starts('-').map((list) => list.toSorted((a, b) => b - a)));
});

test('genes of one chromosome are at least 15 kb apart', () => {
  for (const { name } of genome.chromosomes) {
    const spans = genome.genes.filter((g) => g.chromosome === name).map((gene) => spanOf(gene.transcripts[0]!));
    const gaps = spans.slice(1).map((span, i) => span.start - spans[i]!.end);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15_000);
  }
});

test('FASTA and GTF are written as Ensembl writes them', () => {
  const small = makeGenome({ seed: 1, genes: 1 });
  expect(fastaText(small).split('\n')[0]).toMatchInlineSnapshot(
    `">ENSSIMT00000000001.4 cdna chromosome:SIM:SIM1:26359:34205:-1 gene:ENSSIMG00000000001.1 gene_biotype:protein_coding transcript_biotype:protein_coding gene_symbol:SYN001"`,
  );
  expect(gtfText(small).split('\n').slice(0, 5)).toMatchInlineSnapshot(`
    [
      "#!genome-build simulated",
      "SIM1	simulated	gene	26359	34205	.	-	.	gene_id "ENSSIMG00000000001"; gene_version "1"; gene_name "SYN001"; gene_source "simulated"; gene_biotype "protein_coding";",
      "SIM1	simulated	transcript	26359	34205	.	-	.	gene_id "ENSSIMG00000000001"; gene_version "1"; gene_name "SYN001"; gene_source "simulated"; gene_biotype "protein_coding"; transcript_id "ENSSIMT00000000001"; transcript_version "4"; transcript_name "SYN001-201"; transcript_source "simulated"; transcript_biotype "protein_coding";",
      "SIM1	simulated	exon	33941	34205	.	-	.	gene_id "ENSSIMG00000000001"; gene_version "1"; gene_name "SYN001"; gene_source "simulated"; gene_biotype "protein_coding"; transcript_id "ENSSIMT00000000001"; transcript_version "4"; transcript_name "SYN001-201"; transcript_source "simulated"; transcript_biotype "protein_coding"; exon_number "1";",
      "SIM1	simulated	exon	32767	32918	.	-	.	gene_id "ENSSIMG00000000001"; gene_version "1"; gene_name "SYN001"; gene_source "simulated"; gene_biotype "protein_coding"; transcript_id "ENSSIMT00000000001"; transcript_version "4"; transcript_name "SYN001-201"; transcript_source "simulated"; transcript_biotype "protein_coding"; exon_number "2";",
    ]
  `);
});

test('fusions join coding genes of different chromosomes at exon ends, and no gene twice', () => {
  const fusions = chooseFusions(genome, { seed: 5, count: 8 });
  const sides = fusions.flatMap(({ before, after }) => [before, after]);
  expect(fusions).toHaveLength(8);
  expect(new Set(sides.map(({ gene }) => gene.id)).size).toBe(16);
  expect(sides.every(({ gene }) => gene.biotype === 'protein_coding')).toBe(true);
  expect(fusions.every(({ before, after }) => before.gene.chromosome !== after.gene.chromosome)).toBe(true);
  expect(sides.every(({ exons, transcript }) => exons.length < transcript.exons.length)).toBe(true);
});

test('gives as many fusions as a small genome has room for', () => {
  expect(chooseFusions(makeGenome({ seed: 1, genes: 4 }), { seed: 1, count: 9 }).length).toBeLessThanOrEqual(2);
});
