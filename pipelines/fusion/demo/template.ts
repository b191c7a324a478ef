import type { Fusion } from './fusions.ts';
import { lengthOf, type Exon, type Gene, type Transcript } from './genome.ts';

/** A part of a template that lies on one gene. */
interface Stretch {
  readonly gene: Gene;
  readonly exons: readonly Exon[];
  /** Start and end (exclusive) in the template. */
  readonly from: number;
  readonly to: number;
}

/** A molecule to read from: a transcript, or two parts of transcripts joined. */
export interface Template {
  readonly sequence: string;
  readonly stretches: readonly Stretch[];
}

/** Alignment of a read to the genome, in SAM terms. */
export interface Alignment {
  readonly chromosome: string;
  readonly strand: '+' | '-';
  /** Leftmost aligned base, counted from 1. */
  readonly position: number;
  /** Rightmost aligned base. */
  readonly end: number;
  readonly cigar: string;
}

export function transcriptTemplate(gene: Gene, { sequence, exons }: Transcript): Template {
  return { sequence, stretches: [{ gene, exons, from: 0, to: sequence.length }] };
}

export function fusionTemplate({ before, after }: Fusion): Template {
  const sequence = before.transcript.sequence.slice(0, before.length) + after.transcript.sequence.slice(-after.length);
  return {
    sequence,
    stretches: [
      { gene: before.gene, exons: before.exons, from: 0, to: before.length },
      { gene: after.gene, exons: after.exons, from: before.length, to: sequence.length },
    ],
  };
}

/**
 * Aligns the bases `from` to `to` (exclusive) as a spliced aligner would: introns are `N`, and the shorter part of a
 * read across a junction is clipped.
 */
export function alignOnGenome({ stretches }: Template, from: number, to: number): Alignment {
  const overlap = (stretch: Stretch): number => Math.min(to, stretch.to) - Math.max(from, stretch.from);
  const stretch = stretches.toSorted((a, b) => overlap(b) - overlap(a))[0] as Stretch;
  const clips = [Math.max(0, stretch.from - from), Math.max(0, to - stretch.to)];
  const { chromosome, strand } = stretch.gene;
  const blocks = genomicBlocks(stretch, Math.max(from, stretch.from), Math.min(to, stretch.to));
  if (strand === '-') clips.reverse();
  return {
    chromosome,
    strand,
    position: (blocks[0] as Exon).start,
    end: (blocks.at(-1) as Exon).end,
    cigar: cigarOf(blocks, clips[0] as number, clips[1] as number),
  };
}

/** The parts of exons under an interval of the template, ascending on the chromosome. */
function genomicBlocks(stretch: Stretch, from: number, to: number): Exon[] {
  const forward = stretch.gene.strand === '+';
  const blocks: Exon[] = [];
  let exonFrom = stretch.from;
  for (const exon of stretch.exons) {
    const start = Math.max(from - exonFrom, 0);
    const end = Math.min(to - exonFrom, lengthOf(exon));
    if (start < end) {
      blocks.push(
        forward
          ? { start: exon.start + start, end: exon.start + end - 1 }
          : { start: exon.end - end + 1, end: exon.end - start },
      );
    }
    exonFrom += lengthOf(exon);
  }
  return forward ? blocks : blocks.reverse();
}

function cigarOf(blocks: readonly Exon[], clipLeft: number, clipRight: number): string {
  const matches = blocks.map((block, i) => {
    const previous = blocks[i - 1];
    const intron = previous ? `${block.start - previous.end - 1}N` : '';
    return `${intron}${lengthOf(block)}M`;
  });
  return `${clipLeft > 0 ? `${clipLeft}S` : ''}${matches.join('')}${clipRight > 0 ? `${clipRight}S` : ''}`;
}
