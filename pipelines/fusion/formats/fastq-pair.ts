import { BadFile } from './bad-file.ts';
import { type MateStyle, summarizeFastq } from './fastq.ts';
import { lineBatches, type ReadOptions } from './text.ts';

export interface FastqPair {
  r1: string;
  r2: string;
}

export interface FastqPairSummary {
  /** Reads in each file: equal for a matching pair. */
  reads: { r1: number; r2: number };
  /** True if both files hold the same names in the same order. */
  sameNames: boolean;
}

/** Reads both files of a sample at the same time, once. Files still being written must be named with `/1` and `/2`. */
export async function summarizeFastqPair(pair: FastqPair, options: ReadOptions = {}): Promise<FastqPairSummary> {
  const style = options.growing ? 'slash' : await mateStyle(pair);
  const [r1, r2] = await Promise.all([
    summarizeFastq(pair.r1, { ...options, mate: 1, style }),
    summarizeFastq(pair.r2, { ...options, mate: 2, style }),
  ]);
  return { reads: { r1: r1.reads, r2: r2.reads }, sameNames: r1.names === r2.names };
}

/**
 * Finds the first record at which two files diverge, for a message.
 * @throws BadFile: the files do not belong together, or one lacks reads.
 */
export async function explainMismatch(pair: FastqPair): Promise<never> {
  const style = await mateStyle(pair);
  const names1 = readNames(pair.r1);
  const names2 = readNames(pair.r2);
  for (let record = 1; ; record += 1) {
    const [one, two] = [(await names1.next()).value, (await names2.next()).value];
    if (one === undefined && two === undefined) throw new BadFile(pair.r2, 'does not belong to the first mates');
    if (one === undefined) throw new BadFile(pair.r1, `ends after ${record - 1} reads, the second file goes on`);
    if (two === undefined) throw new BadFile(pair.r2, `ends after ${record - 1} reads, the first file goes on`);
    if (mateless(one, 1, style) !== mateless(two, 2, style)) {
      throw new BadFile(pair.r2, `has read "${two}" as number ${record}, but the first file has "${one}" there`);
    }
  }
}

async function mateStyle({ r1, r2 }: FastqPair): Promise<MateStyle> {
  const first = async (path: string): Promise<string> => (await readNames(path).next()).value ?? '';
  const [one, two] = await Promise.all([first(r1), first(r2)]);
  if (mateless(one, 1, 'slash') === mateless(two, 2, 'slash')) return 'slash';
  return mateless(one, 1, 'digit') === mateless(two, 2, 'digit') ? 'digit' : 'slash';
}

/** A read's name without the part that distinguishes mates. */
function mateless(name: string, mate: 1 | 2, style: MateStyle): string {
  const suffix = style === 'digit' ? String(mate) : `/${mate}`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

async function* readNames(path: string): AsyncGenerator<string, undefined> {
  let line = 0;
  for await (const lines of lineBatches(path)) {
    for (const text of lines) {
      if (line % 4 === 0 && text !== '') yield text.slice(1).split(/\s/, 1)[0] ?? '';
      line += 1;
    }
  }
  return undefined;
}
