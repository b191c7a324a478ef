import { Random } from '../../pipelines/fusion/demo/random.ts';

/** A contiguous piece of a gene's exons: from 1, `offset` into the gene's bases. */
export interface Block {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
}

/** The part of a block in a transcript: `from` to `to` (not included), counted within the gene's bases. */
export interface Piece {
  readonly block: number;
  readonly from: number;
  readonly to: number;
}

export interface HumanGene {
  readonly number: number;
  /** Index into `CHROMOSOMES`. */
  readonly chromosome: number;
  readonly strand: '+' | '-';
  readonly isCoding: boolean;
  /** Disjoint, ascending on the genome. */
  readonly blocks: readonly Block[];
  /** Bases of all blocks along the plus strand, as codes 0 to 3. */
  readonly codes: Uint8Array;
  /** Pieces ascending on the genome, of every transcript. */
  readonly transcripts: readonly (readonly Piece[])[];
}

/** Human chromosomes in order, 1 to 22, X and Y; millions of bases. */
const MEGABASES = [
  249, 243, 199, 191, 182, 171, 160, 146, 139, 134, 136, 134, 115, 108, 102, 91, 84, 81, 59, 65, 47, 51, 157, 58,
];
export const CHROMOSOMES = MEGABASES.map((megabases, i) => ({
  name: i < 22 ? String(i + 1) : i === 22 ? 'X' : 'Y',
  length: megabases * 1_000_000,
}));

export interface ShapeOptions {
  seed: number;
  /** Half of them coding; 40,000 (the default) have some 222,000 transcripts. */
  genes?: number;
}

const GENE_GAP = { least: 4000, most: 26_000 };
/** Share of non-coding genes that are mutated copies of a coding one (processed pseudogenes), in percent. */
const PSEUDOGENES = 15;
const PSEUDOGENE_DIVERGENCE = 30;
/** Share of coding genes with a common repeat in the last exon, as Alu elements are, in percent. */
const REPEATS = 25;
const REPEAT_DIVERGENCE = 120;

/**
 * Simulates genes of human scale in genome order: half of them coding, with isoforms that share exons, long last exons
 * and long introns, half non-coding and short, some of these copies of coding ones. The same seed gives the same genes.
 */
export function* humanGenes({ seed, genes = 40_000 }: ShapeOptions): Generator<HumanGene> {
  const random = Random.for(seed, 'human shape');
  const repeat = randomCodes(random, 300);
  const total = MEGABASES.reduce((sum, megabases) => sum + megabases, 0);
  let number = 0;
  let copied: HumanGene | undefined;
  let upTo = 0;
  for (const [chromosome, megabases] of MEGABASES.entries()) {
    upTo += megabases;
    for (let end = 10_000; number < Math.round((genes * upTo) / total);) {
      number += 1;
      const start = end + random.between(GENE_GAP.least, GENE_GAP.most);
      const gene: HumanGene = makeGene(random, { number, chromosome, start, copied, repeat });
      if (gene.isCoding) copied = gene;
      const last = gene.blocks.at(-1) as Block;
      end = last.start + last.length;
      yield gene;
    }
  }
}

interface Site {
  number: number;
  chromosome: number;
  start: number;
  copied: HumanGene | undefined;
  repeat: Uint8Array;
}

function makeGene(random: Random, { number, chromosome, start, copied, repeat }: Site): HumanGene {
  const isCoding = number % 2 === 1;
  const strand = random.pick(['+', '-'] as const);
  const isCopy = !isCoding && copied !== undefined && random.below(100) < PSEUDOGENES;
  const lengths = isCopy ? [wholeLength(copied)] : exonLengths(random, isCoding);
  if (strand === '-') lengths.reverse();
  const blocks = placeBlocks(random, start, lengths, isCoding);
  const codes = isCopy ? worn(random, copied.codes, PSEUDOGENE_DIVERGENCE) : randomCodes(random, sum(lengths));
  if (isCoding && random.below(100) < REPEATS) {
    const lastExon = blocks[strand === '+' ? blocks.length - 1 : 0] as Block;
    codes.set(worn(random, repeat, REPEAT_DIVERGENCE), lastExon.offset + 100);
  }
  const count = isCoding ? random.between(1, 18) : isCopy ? 1 : random.between(1, 3);
  const transcripts = Array.from({ length: count }, (_, i) => makeTranscript(random, blocks, strand, i === 0));
  return { number, chromosome, strand, isCoding, blocks, codes, transcripts };
}

function wholeLength({ codes }: HumanGene): number {
  return codes.length;
}

/** In the order of transcription. */
function exonLengths(random: Random, isCoding: boolean): number[] {
  if (!isCoding) return Array.from({ length: random.between(1, 5) }, () => random.between(100, 700));
  const inner = Array.from({ length: random.between(2, 24) }, () => random.between(60, 240));
  return [random.between(100, 500), ...inner, random.between(500, 5700)];
}

function placeBlocks(random: Random, first: number, lengths: readonly number[], isCoding: boolean): Block[] {
  const blocks: Block[] = [];
  for (let i = 0, start = first, offset = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    blocks.push({ start, length, offset });
    offset += length;
    // Many introns are short, few are very long.
    const longest = random.below(4) === 0 && isCoding ? 14_000 : 2500;
    start += length + random.between(100, longest);
  }
  return blocks;
}

/** The first transcript of a gene has all exons; others have some of them, with shortened first and last ones. */
function makeTranscript(random: Random, blocks: readonly Block[], strand: '+' | '-', isWhole: boolean): Piece[] {
  const all = blocks.map(({ offset, length }, block) => ({ block, from: offset, to: offset + length }));
  if (isWhole) return all;
  const isFragment = random.below(100) < 30;
  const first = random.below(Math.ceil(blocks.length / 2));
  const most = blocks.length - first;
  const count = isFragment ? Math.min(most, random.between(2, 5)) : random.between(Math.ceil(most * 0.6), most);
  const kept = all.slice(first, first + count).filter((_, i) => i === 0 || i === count - 1 || random.below(100) >= 12);
  return kept.map((piece, i) => cutEnd(random, piece, { isFirst: i === 0, isLast: i === kept.length - 1, strand }));
}

interface EndPlace {
  isFirst: boolean;
  isLast: boolean;
  strand: '+' | '-';
}

/**
 * Transcription starts and ends within an exon, and the last exon (on the left for the minus strand) is shortened most.
 */
function cutEnd(random: Random, { block, from, to }: Piece, { isFirst, isLast, strand }: EndPlace): Piece {
  const length = to - from;
  const kept = (isTail: boolean): number =>
    Math.max(50, Math.round((length * random.between(5, isTail ? 80 : 100)) / 100));
  if (isFirst) return { block, from: to - Math.min(length, kept(strand === '-')), to };
  if (isLast) return { block, from, to: from + Math.min(length, kept(strand === '+')) };
  return { block, from, to };
}

/** Random bases as codes 0 to 3; one 32-bit number gives 16. */
export function randomCodes(random: Random, length: number): Uint8Array {
  const codes = new Uint8Array(length);
  for (let bits = 0, i = 0; i < length; i++, bits >>>= 2) {
    if (i % 16 === 0) bits = random.bits();
    codes[i] = bits & 3;
  }
  return codes;
}

/** A copy with about this many substitutions per thousand bases. */
function worn(random: Random, codes: Uint8Array, perThousand: number): Uint8Array {
  return codes.map((code) => (random.below(1000) < perThousand ? (code + random.between(1, 3)) % 4 : code));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Codes of a transcript along the plus strand. */
export function transcriptCodes({ codes }: HumanGene, pieces: readonly Piece[]): Uint8Array {
  const joined = new Uint8Array(sum(pieces.map(({ from, to }) => to - from)));
  let at = 0;
  for (const { from, to } of pieces) {
    joined.set(codes.subarray(from, to), at);
    at += to - from;
  }
  return joined;
}
