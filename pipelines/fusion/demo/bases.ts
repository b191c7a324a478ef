import type { Random } from './random.ts';

const LETTERS = 'ACGT';
/** By character code; characters other than bases stay as they are. */
const COMPLEMENT = Uint8Array.from({ length: 256 }, (_, code) => {
  const base = LETTERS.indexOf(String.fromCharCode(code));
  return base < 0 ? code : LETTERS.charCodeAt(3 - base);
});

/** Random DNA; one 32-bit number gives 16 bases. */
export function randomBases(random: Random, length: number): string {
  let bases = '';
  for (let bits = 0, i = 0; i < length; i++, bits >>>= 2) {
    if (i % 16 === 0) bits = random.bits();
    bases += LETTERS[bits & 3];
  }
  return bases;
}

/** The reverse complement. */
export function reverseComplement(bases: string): string {
  const bytes = Buffer.from(bases, 'latin1').reverse();
  for (let i = 0; i < bytes.length; i++) bytes[i] = COMPLEMENT[bytes[i] as number] as number;
  return bytes.toString('latin1');
}

/** Replaces about `perMillion` of a million bases by one of the other three. */
export function withErrors(bases: string, perMillion: number, random: Random): string {
  let read = '';
  for (const base of bases) {
    read += random.below(1_000_000) < perMillion ? LETTERS[(LETTERS.indexOf(base) + random.between(1, 3)) % 4] : base;
  }
  return read;
}
