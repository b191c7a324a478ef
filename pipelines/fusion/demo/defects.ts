import type { ReadPair } from './reads.ts';
import { pairRecords, unpairedRecord } from './sam-text.ts';

/**
 * Defects of a BAM. With VALIDATION_STRINGENCY=SILENT Picard exits 0 on all of them except `truncated`.
 * - `unpaired-read`: one read without a mate precedes all pairs, so that the two FASTQ files no longer match.
 *   Neighbours in a small sorted file are from the same transcript, so results may look right regardless.
 * - `orphan-mate`: the second read of the first pair is missing.
 * - `mate-suffixes`: names end in `/1` and `/2`, so that no read finds its mate.
 * - `single-end`: no read has a mate. `header-only`: no reads. `empty`: no bytes.
 * - `cut-between-blocks`: the file ends half-way, at the end of a compressed block.
 * - `truncated`: the file ends half-way, inside a compressed block.
 */
export const DEFECTS = [
  'unpaired-read',
  'orphan-mate',
  'mate-suffixes',
  'single-end',
  'header-only',
  'empty',
  'cut-between-blocks',
  'truncated',
] as const;
export type Defect = (typeof DEFECTS)[number];

/** With these defects a sample loses at most one read, and the rest is usable. */
const HARMLESS: readonly Defect[] = ['unpaired-read', 'orphan-mate'];

/** True if a BAM with these defects must not produce a result. */
export function isHopeless(defects: readonly Defect[]): boolean {
  return defects.some((defect) => !HARMLESS.includes(defect));
}

/** The SAM records of a sample, with the defects that concern records. */
export function* samRecords(pairs: Iterable<ReadPair>, sample: string, defects: readonly Defect[]): Generator<string> {
  const has = new Set<Defect>(defects);
  if (has.has('header-only')) return;
  let isFirst = true;
  for (const pair of pairs) {
    const [one, two] = has.has('single-end') ? [unpairedRecord(pair, sample), ''] : pairRecords(pair, sample);
    if (isFirst && has.has('unpaired-read')) yield atTheVeryFront(unpairedRecord(pair, sample));
    yield has.has('mate-suffixes') ? withSuffix(one, '/1') : one;
    if (!(isFirst && has.has('orphan-mate'))) yield has.has('mate-suffixes') ? withSuffix(two, '/2') : two;
    isFirst = false;
  }
}

/** The bytes of a BAM after the defects that concern the file. */
export function damage(bam: Buffer, defects: readonly Defect[]): Buffer {
  if (defects.includes('empty')) return Buffer.alloc(0);
  const middle = Math.floor(bam.length / 2);
  if (defects.includes('truncated')) return bam.subarray(0, insideBlock(bam, middle));
  if (defects.includes('cut-between-blocks')) return bam.subarray(0, blockEndBefore(bam, middle));
  return bam;
}

/** A read at position 1 of the first chromosome is the first one after sorting. */
function atTheVeryFront(record: string): string {
  const fields = record.split('\t');
  const bases = fields[9] as string;
  fields.splice(0, 6, `${fields[0]}.unpaired`, fields[1] as string, 'SIM1', '1', '255', `${bases.length}M`);
  return fields.join('\t');
}

function withSuffix(record: string, suffix: string): string {
  return record.replace('\t', `${suffix}\t`);
}

/** Start of each compressed block; BSIZE at byte 16 is its size less 1 (SAM specification, section 4.1). */
function blockStarts(bam: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bam.length; at += bam.readUInt16LE(at + 16) + 1) starts.push(at);
  return starts;
}

function blockEndBefore(bam: Buffer, limit: number): number {
  const starts = blockStarts(bam);
  // The first block holds only the header: with fewer than two blocks nothing would be left to read.
  return starts.findLast((start) => start <= limit) || (starts[1] ?? bam.length);
}

function insideBlock(bam: Buffer, wanted: number): number {
  return blockStarts(bam).includes(wanted) ? wanted - 1 : wanted;
}
