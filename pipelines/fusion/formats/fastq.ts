import { BadFile } from './bad-file.ts';
import { type ReadOptions, textChunks } from './text.ts';

/**
 * How mates' names differ: `slash` by `/1` and `/2` or not at all, `digit` by their last character being `1` and `2`
 * (`SRR1.7.1` and `SRR1.7.2`).
 */
export type MateStyle = 'slash' | 'digit';

export interface FastqSummary {
  reads: number;
  /** 16 hex digits over all names in order, without the parts that distinguish mates: equal for matching files. */
  names: string;
}

export interface FastqOptions extends ReadOptions {
  mate: 1 | 2;
  style: MateStyle;
}

/**
 * Counts the reads of a FASTQ file (Cock et al. 2010, four lines a record) and fingerprints their names, in one pass.
 * The quality line must be as long as the sequence: otherwise kallisto silently stops reading there.
 * @throws BadFile naming the record.
 */
export async function summarizeFastq(path: string, options: FastqOptions): Promise<FastqSummary> {
  const scanner = new FastqScanner(path, options);
  for await (const chunk of textChunks(path, options)) scanner.push(chunk);
  return scanner.end();
}

const LF = 0x0a;
const CR = 0x0d;
const AT = 0x40;
const PLUS = 0x2b;
const SLASH = 0x2f;
const ZERO = 0x30;

/** Parses records as they arrive; holds at most one incomplete record between chunks. */
class FastqScanner {
  #rest: Buffer = Buffer.alloc(0);
  #reads = 0;
  #isOver = false;
  // Two FNV-1a style lanes: order matters, and two files that differ collide with a chance of 2^-64.
  #hashA = 0x811c9dc5;
  #hashB = 0x9747b28c;
  readonly #path: string;
  readonly #digit: number;
  readonly #style: MateStyle;

  constructor(path: string, { mate, style }: FastqOptions) {
    this.#path = path;
    this.#digit = ZERO + mate;
    this.#style = style;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let next = this.#record(bytes, at); next > at; next = this.#record(bytes, at)) at = next;
    // A copy, so that a few bytes do not keep the chunk's memory alive.
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  end(): FastqSummary {
    // The last record may lack its line end; trailing blank lines are not records.
    this.#isOver = true;
    this.push(Buffer.from('\n'));
    if (this.#rest.some((byte) => byte !== LF && byte !== CR)) {
      throw this.#bad(`ends in the middle of record ${this.#reads + 1}`);
    }
    return { reads: this.#reads, names: hex(this.#hashA) + hex(this.#hashB) };
  }

  /**
   * Consumes the record that starts at `at`; returns the start of the next one, or `at` if the record is incomplete.
   */
  #record(bytes: Buffer, at: number): number {
    const nameEnd = bytes.indexOf(LF, at);
    if (nameEnd < 0) return at;
    const sequenceEnd = bytes.indexOf(LF, nameEnd + 1);
    if (sequenceEnd < 0) return at;
    const plus = sequenceEnd + 1;
    const plusEnd = bytes[plus + 1] === LF ? plus + 1 : bytes.indexOf(LF, plus);
    if (plusEnd < 0) return at;
    const qualityEnd = plusEnd + sequenceEnd - nameEnd;
    if (bytes[at] !== AT || bytes[plus] !== PLUS) return this.#notFastq(bytes, at, nameEnd);
    if (qualityEnd >= bytes.length) return this.#maybeShort(bytes, plusEnd + 1, at);
    if (bytes[qualityEnd] !== LF) throw this.#badQuality(bytes, plusEnd + 1);
    if (qualityEnd - plusEnd > 1 && bytes.lastIndexOf(LF, qualityEnd - 1) !== plusEnd)
      throw this.#badQuality(bytes, plusEnd + 1);
    this.#takeName(bytes, at + 1, nameEnd);
    this.#reads += 1;
    return qualityEnd + 1;
  }

  #takeName(bytes: Buffer, start: number, lineEnd: number): void {
    let end = start;
    while (end < lineEnd && (bytes[end] as number) > 0x20) end += 1;
    if (this.#style === 'digit') end -= bytes[end - 1] === this.#digit ? 1 : 0;
    else if (bytes[end - 2] === SLASH && bytes[end - 1] === this.#digit) end -= 2;
    let a = this.#hashA;
    let b = this.#hashB;
    for (let i = start; i < end; i += 1) {
      const byte = bytes[i] as number;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul((b << 5) ^ (b >>> 27) ^ byte, 0x9e3779b1);
    }
    // A separator, so that "ab","c" and "a","bc" differ.
    this.#hashA = Math.imul(a ^ LF, 0x01000193);
    this.#hashB = Math.imul((b << 5) ^ (b >>> 27) ^ LF, 0x9e3779b1);
  }

  /** The rest is shorter than the quality line should be: a line end in it means that the line really is too short. */
  #maybeShort(bytes: Buffer, start: number, at: number): number {
    if (bytes.indexOf(LF, start) >= 0) throw this.#badQuality(bytes, start);
    return at;
  }

  #notFastq(bytes: Buffer, at: number, lineEnd: number): number {
    const isBlank = bytes.subarray(at, lineEnd).every((byte) => byte === CR);
    if (isBlank && bytes.subarray(at).every((byte) => byte === CR || byte === LF)) return at;
    throw this.#bad(`is no FASTQ: record ${this.#reads + 1} does not begin with "@" or lacks its "+" line`);
  }

  #badQuality(bytes: Buffer, start: number): BadFile {
    const quality = bytes.toString('latin1', start, bytes.indexOf(LF, start)).trimEnd();
    const record = `record ${this.#reads + 1}`;
    if (quality === '*') return this.#bad(`has no base qualities in ${record} ("*")`, MISSING_QUALITIES);
    if (this.#isOver) return this.#bad(`ends in the middle of ${record}`);
    return this.#bad(`has a quality line in ${record} that is not as long as its sequence`);
  }

  #bad(problem: string, hint?: string): BadFile {
    return new BadFile(this.#path, problem, hint);
  }
}

const MISSING_QUALITIES =
  'kallisto would stop reading there without an error. Use a file with qualities, or fill in a constant one.';

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
