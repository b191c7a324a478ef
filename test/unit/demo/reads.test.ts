import { expect, test } from 'vitest';
import { reverseComplement } from '../../../pipelines/fusion/demo/bases.ts';
import { chooseFusions } from '../../../pipelines/fusion/demo/fusions.ts';
import { makeGenome } from '../../../pipelines/fusion/demo/genome.ts';
import { simulatePairs } from '../../../pipelines/fusion/demo/reads.ts';
import { pairRecords } from '../../../pipelines/fusion/demo/sam-text.ts';
import { alignOnGenome, fusionTemplate, transcriptTemplate } from '../../../pipelines/fusion/demo/template.ts';

const genome = makeGenome({ seed: 2, genes: 20 });
const fusions = chooseFusions(genome, { seed: 2, count: 2 });
const options = { seed: 2, sample: 'S', pairs: 400, fusions };

test('the same seed and name give the same reads, whatever the other options', () => {
  const bases = (sample: string): string[] =>
    [...simulatePairs(genome, { ...options, sample })].map(({ first, second }) => first.bases + second.bases);
  expect(bases('S')).toEqual(bases('S'));
  expect(bases('S')).not.toEqual(bases('T'));
});

test('twenty pairs cross each junction, with ten bases on both sides', () => {
  const junctions = fusions.map((fusion) => fusion.before.length);
  const crossing = [...simulatePairs(genome, options)].filter(({ template }) => template.stretches.length === 2);
  const anchors = crossing.map(({ template, first, second }) => {
    const junction = template.stretches[0]!.to;
    expect(junctions).toContain(junction);
    return Math.min(junction - second.from, first.to - junction);
  });
  expect(anchors).toHaveLength(40);
  expect(Math.min(...anchors)).toBeGreaterThanOrEqual(10);
});

test('refuses more fusions than there are pairs for', () => {
  expect(() => [...simulatePairs(genome, { ...options, pairs: 10 })]).toThrow(RangeError);
});

test('reads are aligned across introns on both strands', () => {
  const gene = (strand: string) => genome.genes.find((g) => g.strand === strand)!;
  for (const strand of ['+', '-']) {
    const { exons } = gene(strand).transcripts[0]!;
    const first = exons[0]!.end - exons[0]!.start + 1;
    const { position, end, cigar } = alignOnGenome(
      transcriptTemplate(gene(strand), gene(strand).transcripts[0]!),
      first - 30,
      first + 45,
    );
    const [left, right] = strand === '+' ? [exons[0]!, exons[1]!] : [exons[1]!, exons[0]!];
    const [before, after] = strand === '+' ? [30, 45] : [45, 30];
    expect(cigar).toBe(`${before}M${right.start - left.end - 1}N${after}M`);
    expect(position).toBe(left.end - before + 1);
    expect(end).toBe(right.start + after - 1);
  }
});

test('of a read across a junction the shorter part is clipped', () => {
  const fusion = fusions[0]!;
  const at = fusion.before.length;
  const { chromosome, cigar } = alignOnGenome(fusionTemplate(fusion), at - 20, at + 55);
  expect(chromosome).toBe(fusion.after.gene.chromosome);
  expect(cigar).toMatch(/^20S|20S$/);
});

test('a record shows the plus strand, and the first read comes from the other strand of the transcript', () => {
  for (const pair of simulatePairs(genome, { ...options, pairs: 50, fusions: [] })) {
    const strand = pair.template.stretches[0]!.gene.strand;
    const [first, second] = pairRecords(pair, 'S').map((record) => record.split('\t'));
    const shown = (bases: string): string => (strand === '+' ? bases : reverseComplement(bases));
    expect(first![9]).toBe(shown(pair.first.bases));
    expect(second![9]).toBe(shown(pair.second.bases));
    expect([first![1], second![1]]).toEqual(strand === '+' ? ['83', '163'] : ['99', '147']);
  }
});
