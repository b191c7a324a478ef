import { Random } from '../../pipelines/fusion/demo/random.ts';
import { CHROMOSOMES } from './human-shape.ts';

/** A read where it is aligned; positions from 0, `-1` for none. */
export interface Placed {
  chromosome: number;
  position: number;
  /** Lengths and operations, as BAM has them: `length << 4 | operation`. */
  cigar: readonly number[];
  /** Along the plus strand, as codes 0 to 3. */
  bases: Uint8Array;
  isReverse: boolean;
}

export const MATCH = 0;
export const SKIP = 3;
export const SOFT_CLIP = 4;
/** Bits of the FLAG field; SAM specification, section 1.4. */
export const Flag = {
  ...{ paired: 0x1, proper: 0x2, unmapped: 0x4, mateUnmapped: 0x8, reverse: 0x10, mateReverse: 0x20 },
  ...{ first: 0x40, second: 0x80 },
} as const;

/** BAM's codes of A, C, G, T. */
const LETTERS = [1, 2, 4, 8];
const QUALITY_PROFILES = 4096;
const TAGS = Buffer.from('RGZsample\0NHC\x01HIC\x01ASC\x90nMC\x01', 'latin1');

/** Records of one part of a BAM file, in any order; `drain` returns them sorted by position. */
export class RecordBatch {
  #bytes = Buffer.alloc(1 << 22);
  #filled = 0;
  #keys: number[] = [];
  #offsets: number[] = [];
  readonly #qualities: readonly Uint8Array[];

  constructor(seed: number, readLength: number) {
    this.#qualities = makeQualities(seed, readLength);
  }

  /** `pair` names both mates, and decides their qualities. */
  add(own: Placed, other: Placed, pair: number, flag: number): void {
    if (this.#filled + 1024 > this.#bytes.length) {
      const larger = Buffer.alloc(this.#bytes.length * 2);
      this.#bytes.copy(larger, 0, 0, this.#filled);
      this.#bytes = larger;
    }
    this.#keys.push(own.position);
    this.#offsets.push(this.#filled);
    this.#filled = this.#encode(own, other, pair, flag);
  }

  /** Records by position, then by order of addition; the batch is empty afterwards. */
  *drain(): Generator<Uint8Array> {
    // Both fit into 53 bits: positions have at most 28, and there are fewer than 2^24 records.
    const order = Float64Array.from(this.#keys, (key, i) => (key + 1) * 0x100_0000 + i).toSorted();
    for (const value of order) {
      const from = this.#offsets[value % 0x100_0000] as number;
      yield this.#bytes.subarray(from, from + 4 + this.#bytes.readUInt32LE(from));
    }
    this.#keys = [];
    this.#offsets = [];
    this.#filled = 0;
  }

  /** SAM specification, section 4.2. */
  #encode(own: Placed, other: Placed, pair: number, flag: number): number {
    const to = this.#bytes;
    const start = this.#filled;
    const { bases, cigar } = own;
    const end = own.position + span(cigar);
    let at = start + 36;
    at += to.write(`${nameOf(pair)}\0`, at, 'latin1');
    to[start + 12] = at - start - 36;
    for (const operation of cigar) at = to.writeUInt32LE(operation, at);
    for (let i = 0; i < bases.length; i += 2) {
      const low = i + 1 < bases.length ? (LETTERS[bases[i + 1] as number] as number) : 0;
      to[at++] = ((LETTERS[bases[i] as number] as number) << 4) | low;
    }
    const profile = this.#qualities[(pair * 2 + (flag & Flag.first ? 1 : 0)) % QUALITY_PROFILES] as Uint8Array;
    if (own.isReverse) for (let i = bases.length - 1; i >= 0; i--) to[at++] = profile[i] as number;
    else {
      to.set(profile, at);
      at += bases.length;
    }
    to.set(TAGS, at);
    at += TAGS.length;
    to.writeUInt32LE(at - start - 4, start);
    to.writeInt32LE(own.chromosome, start + 4);
    to.writeInt32LE(own.position, start + 8);
    to[start + 13] = own.chromosome < 0 ? 0 : 255;
    to.writeUInt16LE(binOf(own.position, end), start + 14);
    to.writeUInt16LE(cigar.length, start + 16);
    to.writeUInt16LE(flag, start + 18);
    to.writeUInt32LE(bases.length, start + 20);
    to.writeInt32LE(other.chromosome, start + 24);
    to.writeInt32LE(other.position, start + 28);
    to.writeInt32LE(own.chromosome === other.chromosome ? fragmentSpan(own, end, other) : 0, start + 32);
    return at;
  }
}

/** The leftmost mate has the plus sign. */
function fragmentSpan(own: Placed, end: number, other: Placed): number {
  const otherEnd = other.position + span(other.cigar);
  const size = Math.max(end, otherEnd) - Math.min(own.position, other.position);
  return own.position < other.position || (own.position === other.position && !own.isReverse) ? size : -size;
}

/** Bases that an alignment covers on the genome. */
function span(cigar: readonly number[]): number {
  let sum = 0;
  for (const operation of cigar) if ((operation & 15) !== SOFT_CLIP) sum += operation >>> 4;
  return Math.max(1, sum);
}

/** The smallest bin that holds an interval; SAM specification, section 5.3. */
function binOf(from: number, end: number): number {
  if (from < 0) return 4680;
  const last = end - 1;
  for (const [shift, base] of [
    [14, 4681],
    [17, 585],
    [20, 73],
    [23, 9],
    [26, 1],
  ] as const) {
    if (from >> shift === last >> shift) return base + (from >> shift);
  }
  return 0;
}

/** A sequencer's name for a cluster: lane, tile and position, unordered along the genome; unique for each number. */
function nameOf(pair: number): string {
  const place = Math.imul(pair, 0x9e37_79b1) >>> 0;
  const x = place & 0x7fff;
  const y = (place >>> 15) & 0x7fff;
  const tile = place >>> 30;
  return `A01234:217:HKFYWDSX2:${1 + tile}:${1101 + (y % 78)}:${1000 + x}:${1000 + y}`;
}

/** Phred qualities that walk as a sequencer's: mostly high, sometimes low for a while, falling towards the end. */
function makeQualities(seed: number, readLength: number): Uint8Array[] {
  const random = Random.for(seed, 'qualities');
  return Array.from({ length: QUALITY_PROFILES }, () => {
    let quality = 37;
    return Uint8Array.from({ length: readLength }, (_, i) => {
      const drawn = random.below(100);
      if (drawn < 1 + (i * 3) / readLength) quality = random.pick([2, 11, 25, 25]);
      else if (drawn < 20) quality = 37;
      return quality;
    });
  });
}

/** Magic, header text and reference list; SAM specification, section 4.2. */
export function bamHeader(sample: string): Buffer {
  const lines = CHROMOSOMES.map(({ name, length }) => `@SQ\tSN:${name}\tLN:${length}\n`).join('');
  const text = `@HD\tVN:1.6\tSO:coordinate\n${lines}@RG\tID:sample\tSM:${sample}\tPL:ILLUMINA\n`;
  const names = CHROMOSOMES.map(({ name, length }) =>
    Buffer.concat([int32(name.length + 1), Buffer.from(`${name}\0`), int32(length)]),
  );
  return Buffer.concat([
    Buffer.from('BAM\x01'),
    ...[int32(text.length), Buffer.from(text), int32(CHROMOSOMES.length)],
    ...names,
  ]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
