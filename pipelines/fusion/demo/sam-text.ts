import { reverseComplement } from './bases.ts';
import type { Genome } from './genome.ts';
import { qualitiesOf, type Mate, type ReadPair } from './reads.ts';
import { alignOnGenome, type Alignment } from './template.ts';

/** Bits of the FLAG field; SAM specification, section 1.4. */
const Flag = { paired: 0x1, properPair: 0x2, reverse: 0x10, mateReverse: 0x20, first: 0x40, second: 0x80 } as const;

/** The mapping quality that STAR writes for a uniquely aligned read. */
const MAPPING_QUALITY = 255;

/** The header of a sample's BAM: chromosomes and one read group, named for the sample. */
export function samHeader(chromosomes: Genome['chromosomes'], sample: string): string {
  const lines = [
    '@HD\tVN:1.6\tSO:unsorted',
    ...chromosomes.map(({ name, length }) => `@SQ\tSN:${name}\tLN:${length}`),
    `@RG\tID:${sample}\tSM:${sample}\tLB:${sample}\tPL:ILLUMINA`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Both reads of a pair as aligned SAM records. */
export function pairRecords({ name, template, first, second }: ReadPair, sample: string): [string, string] {
  const [a, b] = [first, second].map((mate) => alignOnGenome(template, mate.from, mate.to)) as [Alignment, Alignment];
  const proper = a.chromosome === b.chromosome ? Flag.paired | Flag.properPair : Flag.paired;
  const left = Math.min(a.position, b.position);
  const size = a.chromosome === b.chromosome ? Math.max(a.end, b.end) - left + 1 : 0;
  const line = (mate: Mate, own: Alignment, other: Mate, others: Alignment, flag: number): string => {
    const bits = flag | proper | (isReverse(mate, own) ? Flag.reverse : 0);
    return alignedRecord(mate, own, {
      name,
      sample,
      flag: bits | (isReverse(other, others) ? Flag.mateReverse : 0),
      next: [own.chromosome === others.chromosome ? '=' : others.chromosome, others.position],
      // The leftmost read has the plus sign; at equal positions, the first read has it.
      size: own.position < others.position || (own.position === others.position && mate === first) ? size : -size,
    });
  };
  return [line(first, a, second, b, Flag.first), line(second, b, first, a, Flag.second)];
}

/** The first read of a pair as a record without a mate, as in a single-end BAM. */
export function unpairedRecord({ name, template, first }: ReadPair, sample: string): string {
  const own = alignOnGenome(template, first.from, first.to);
  const flag = isReverse(first, own) ? Flag.reverse : 0;
  return alignedRecord(first, own, { name, sample, flag, next: ['*', 0], size: 0 });
}

interface RecordFields {
  name: string;
  sample: string;
  flag: number;
  next: [chromosome: string, position: number];
  size: number;
}

/** SAM gives bases and qualities along the plus strand, whichever strand was sequenced. */
function alignedRecord(mate: Mate, alignment: Alignment, { name, sample, flag, next, size }: RecordFields): string {
  const { chromosome, position, cigar, strand } = alignment;
  const bases = strand === '+' ? mate.bases : reverseComplement(mate.bases);
  const qualities = qualitiesOf(mate, { backwards: (flag & Flag.reverse) !== 0 });
  const fields = [name, flag, chromosome, position, MAPPING_QUALITY, cigar, ...next, size, bases, qualities];
  return `${fields.join('\t')}\tRG:Z:${sample}\n`;
}

function isReverse(mate: Mate, { strand }: Alignment): boolean {
  return mate.reversed === (strand === '+');
}
