import type { Random } from '../../pipelines/fusion/demo/random.ts';
import { MATCH, type Placed, SKIP, SOFT_CLIP } from './bam-records.ts';
import { type Block, type HumanGene, type Piece, transcriptCodes } from './human-shape.ts';

/** A transcript from which reads are sampled. */
export interface Source {
  readonly gene: HumanGene;
  /** Along the plus strand. */
  readonly codes: Uint8Array;
  /** Where each piece begins, in the transcript and (from 0) on the genome, along the plus strand. */
  readonly pieces: readonly { readonly at: number; readonly length: number; readonly position: number }[];
}

export function sourceOf(gene: HumanGene, transcript: readonly Piece[]): Source {
  let at = 0;
  const pieces = transcript.map(({ block, from, to }) => {
    const { start, offset } = gene.blocks[block] as Block;
    const piece = { at, length: to - from, position: start - 1 + from - offset };
    at += to - from;
    return piece;
  });
  return { gene, codes: transcriptCodes(gene, transcript), pieces };
}

/** Bases `from` to `to` (not included) of a transcript, counted in the direction of transcription. */
export interface Part {
  readonly source: Source;
  readonly from: number;
  readonly to: number;
}

/**
 * One mate of a fragment with one part, or with two from different genes. `isSense` if it was read along the
 * transcript.
 */
export function placeMate(parts: readonly Part[], isSense: boolean, readLength: number, random: Random): Placed {
  if (parts.length === 1) return placeWhole(parts[0] as Part, isSense, readLength, random);
  const inOrder = isSense ? parts : parts.toReversed();
  const read: Part[] = [];
  let wanted = readLength;
  for (const { source, from, to } of inOrder) {
    const size = Math.min(wanted, to - from);
    if (size > 0) read.push({ source, from: isSense ? from : to - size, to: isSense ? from + size : to });
    wanted -= size;
  }
  if (!isSense) read.reverse();
  const lengths = read.map(({ from, to }) => to - from);
  const longest = lengths.indexOf(Math.max(...lengths));
  const before = longest === 1 ? (lengths[0] as number) : 0;
  const after = longest === 0 ? (lengths[1] ?? 0) : 0;
  const placed = placeRead(read, longest, [before, after], isSense);
  return { ...placed, bases: withErrors(placed.bases, random) };
}

/** The same for the usual case, a read within one transcript, without anything in between. */
function placeWhole({ source, from, to }: Part, isSense: boolean, readLength: number, random: Random): Placed {
  const length = Math.min(readLength, to - from);
  const start = isSense ? from : to - length;
  const isPlus = source.gene.strand === '+';
  const begin = isPlus ? start : source.codes.length - start - length;
  const { position, operations } = align(source, begin, begin + length);
  return {
    chromosome: source.gene.chromosome,
    position,
    cigar: operations,
    bases: withErrors(source.codes.subarray(begin, begin + length), random),
    isReverse: isSense !== isPlus,
  };
}

/** Aligns the longest part and clips the other, as aligners do at an unannotated junction. */
function placeRead(read: readonly Part[], longest: number, clips: readonly number[], isSense: boolean): Placed {
  const { source, from, to } = read[longest] as Part;
  const isPlus = source.gene.strand === '+';
  const size = source.codes.length;
  const [begin, end] = isPlus ? [from, to] : [size - to, size - from];
  const { position, operations } = align(source, begin, end);
  const [left = 0, right = 0] = isPlus ? clips : clips.toReversed();
  const clip = (length: number): number[] => (length > 0 ? [(length << 4) | SOFT_CLIP] : []);
  return {
    chromosome: source.gene.chromosome,
    position,
    cigar: [...clip(left), ...operations, ...clip(right)],
    bases: read.length === 1 ? source.codes.slice(begin, end) : oriented(read, isPlus),
    isReverse: isSense !== isPlus,
  };
}

function align({ pieces }: Source, begin: number, end: number): { position: number; operations: number[] } {
  const operations: number[] = [];
  let position = -1;
  let reached = 0;
  for (let i = pieceAt(pieces, begin); i < pieces.length; i++) {
    const piece = pieces[i] as Source['pieces'][number];
    if (piece.at >= end) break;
    const from = Math.max(begin, piece.at);
    const to = Math.min(end, piece.at + piece.length);
    const start = piece.position + from - piece.at;
    if (position < 0) position = start;
    else operations.push(((start - reached) << 4) | SKIP);
    operations.push(((to - from) << 4) | MATCH);
    reached = start + to - from;
  }
  return { position, operations };
}

/** Index of the last piece that begins at `base` or before. */
function pieceAt(pieces: Source['pieces'], base: number): number {
  let i = 0;
  while (i + 1 < pieces.length && (pieces[i + 1] as Source['pieces'][number]).at <= base) i++;
  return i;
}

/** The parts' bases one after the other, along the plus strand of the part that is aligned. */
function oriented(read: readonly Part[], isPlus: boolean): Uint8Array {
  const sense = Uint8Array.from(read.flatMap((part) => [...senseCodes(part)]));
  return isPlus ? sense : complement(sense);
}

function senseCodes({ source, from, to }: Part): Uint8Array {
  const { codes, gene } = source;
  return gene.strand === '+' ? codes.slice(from, to) : complement(codes.slice(codes.length - to, codes.length - from));
}

function complement(codes: Uint8Array): Uint8Array {
  return codes.map((code) => 3 - code).reverse();
}

/** Two wrong bases per thousand; copies only if there are any. */
function withErrors(bases: Uint8Array, random: Random): Uint8Array {
  const perMillion = bases.length * 2000;
  let read = bases;
  while (random.below(1_000_000) < perMillion) {
    if (read === bases) read = bases.slice();
    const at = random.below(read.length);
    read[at] = ((read[at] as number) + random.between(1, 3)) % 4;
  }
  return read;
}

/** From 100 to 358, most often near 230: a library for which pizzly's --insert-size of 400 fits. */
export function fragmentLength(random: Random): number {
  return 100 + random.below(130) + random.below(130);
}
