import { BadFile } from './bad-file.ts';
import { lastBytes } from './last-byte.ts';
import { lineBatches, type ReadOptions } from './text.ts';

/** A gene pair of pizzly's JSON, without its reads. */
export interface PizzlyGenePair {
  geneA: { id: string; name: string };
  geneB: { id: string; name: string };
  /** Read pairs whose mates lie in one gene each. */
  paircount: number;
  /** Read pairs of which at least one mate crosses the junction. */
  splitcount: number;
  /** Names of the fused transcripts, as in the FASTA file beside the JSON. */
  transcripts: string[];
}

const GENE = /^ {6}"gene([AB])" : \{ "id" : "(.*)", "name" : "(.*)"\},$/;
const COUNT = /^ {6}"(paircount|splitcount)" : (\d+),$/;
const TRANSCRIPT = /^ {10}"fasta_record": "(.*)",$/;
const READ_TYPE = /^ {10}"type" : "(PAIR|SPLIT)",$/;
const READ =
  /^( {10}"read([12])" : \{ "name" : ")(.*)(", "seq" : "[^"]*", "splitpos" : -?\d+, "direction" : ")(true|false)(", "kmerpos" : .*)$/;

/**
 * Reads the JSON that pizzly 0.37.3 writes (FilterFusions.hpp) line by line, so that its size does not matter, and
 * repairs two faults: names of reads and genes are not escaped, and the `direction` of the second mate of a SPLIT comes
 * from uninitialised memory; mates face each other, so it is set to the opposite of the first's. `onLines` receives the
 * repaired text, equal to the original if there was nothing to repair.
 * @throws BadFile if the file is truncated or not from pizzly
 */
export async function readPizzlyJson(
  path: string,
  onGenePair: (pair: PizzlyGenePair) => void,
  onLines: (text: string) => Promise<void> | void = () => {},
  options: ReadOptions = {},
): Promise<void> {
  assertWhole(path);
  const reader = new Reader(path, onGenePair);
  let separator = '';
  for await (const batch of lineBatches(path, options)) {
    await onLines(separator + batch.map((line) => reader.line(line)).join('\n'));
    separator = '\n';
  }
  reader.end();
}

/** All files begin and end like this, including the shortest, without a fusion. */
function assertWhole(path: string): void {
  if (lastBytes(path, 6) !== '\n  ]\n}') throw new BadFile(path, 'is cut off', 'pizzly did not finish writing it.');
}

/** One pass over the lines: `{ genes: [ { geneA, geneB, counts, transcripts: [...], readpairs: [...] } ] }`. */
class Reader {
  #pair: Partial<PizzlyGenePair> | undefined;
  #transcripts: string[] = [];
  #readType = '';
  #firstDirection = '';
  readonly #path: string;
  readonly #onGenePair: (pair: PizzlyGenePair) => void;

  constructor(path: string, onGenePair: (pair: PizzlyGenePair) => void) {
    this.#path = path;
    this.#onGenePair = onGenePair;
  }

  /** Takes one line and returns it repaired. */
  line(line: string): string {
    if (line.startsWith('          "')) return this.#readOrTranscript(line);
    if (line.startsWith('      "')) return this.#gene(line);
    if (line === '    {') this.#begin();
    return line;
  }

  end(): void {
    this.#finish();
  }

  #begin(): void {
    this.#finish();
    this.#pair = {};
    this.#transcripts = [];
  }

  #finish(): void {
    if (!this.#pair) return;
    const { geneA, geneB, paircount, splitcount } = this.#pair;
    if (!geneA || !geneB || paircount === undefined || splitcount === undefined || this.#transcripts.length === 0) {
      throw new BadFile(this.#path, 'has an incomplete gene pair');
    }
    this.#onGenePair({ geneA, geneB, paircount, splitcount, transcripts: this.#transcripts });
    this.#pair = undefined;
  }

  #gene(line: string): string {
    const gene = GENE.exec(line);
    if (gene && this.#pair) {
      const [, side, id = '', name = ''] = gene;
      this.#pair[side === 'A' ? 'geneA' : 'geneB'] = { id, name };
      return `      "gene${side}" : { "id" : "${escape(id)}", "name" : "${escape(name)}"},`;
    }
    const count = COUNT.exec(line);
    if (count && this.#pair) this.#pair[count[1] as 'paircount' | 'splitcount'] = Number(count[2]);
    return line;
  }

  #readOrTranscript(line: string): string {
    const read = READ.exec(line);
    if (read) return this.#read(read);
    const transcript = TRANSCRIPT.exec(line)?.[1];
    if (transcript !== undefined) this.#transcripts.push(transcript);
    this.#readType = READ_TYPE.exec(line)?.[1] ?? this.#readType;
    return line;
  }

  #read([, before, mate, name = '', middle, direction, after]: RegExpExecArray): string {
    if (mate === '1') this.#firstDirection = direction as string;
    const isUnset = mate === '2' && this.#readType === 'SPLIT';
    const mended = isUnset ? String(this.#firstDirection !== 'true') : direction;
    return `${before}${escape(name)}${middle}${mended}${after}`;
  }
}

/** The content of a JSON string. */
function escape(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
