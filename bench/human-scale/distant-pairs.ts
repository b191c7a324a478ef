import { Random } from '../../pipelines/fusion/demo/random.ts';
import { Flag, MATCH, type Placed, type RecordBatch } from './bam-records.ts';
import type { HumanGene } from './human-shape.ts';
import { fragmentLength, type Part, placeMate, type Source, sourceOf } from './placing.ts';

export interface DistantOptions {
  seed: number;
  readLength: number;
  /** Fragments joined from two transcripts during library preparation. */
  chimeras: number;
  /** Pairs with one mate aligned elsewhere, as happens among copies of a gene. */
  misplaced: number;
  /** Pairs of genes whose transcripts are joined at the ends of exons. */
  fusions: number;
  pairsPerFusion: number;
}

/** Two stretches of the longest transcripts of two genes, in the direction of transcription. */
interface Draft {
  random: Random;
  isMisplaced: boolean;
  genes: [before: number, after: number];
  from: [before: number, after: number];
  lengths: [before: number, after: number];
}

interface Fusion {
  genes: [before: number, after: number];
  /** End of the first transcript, and start of the second. */
  junction: [before: number, after: number];
}

/**
 * Pairs whose mates lie on different genes. Each pair has its own seed, so that it can be generated once where its
 * first mate is written and again where its second is, without keeping it.
 */
export class DistantPairs {
  readonly count: number;
  readonly #genes: readonly HumanGene[];
  readonly #upTo: Float64Array;
  readonly #options: DistantOptions;
  readonly #fusions: readonly Fusion[];
  /** The pairs of each gene. */
  readonly #pairs: readonly number[][];

  constructor(genes: readonly HumanGene[], levels: Float64Array, options: DistantOptions) {
    this.#genes = genes;
    this.#options = options;
    let sum = 0;
    this.#upTo = levels.map((level) => (sum += level));
    const random = Random.for(options.seed, 'fusions');
    this.#fusions = Array.from({ length: options.fusions }, () => this.#makeFusion(random));
    this.count = options.chimeras + options.misplaced + options.fusions * options.pairsPerFusion;
    this.#pairs = genes.map(() => []);
    for (let pair = 0; pair < this.count; pair++) {
      for (const gene of new Set(this.#matesAt(this.#draft(pair)))) this.#pairs[gene]?.push(pair);
    }
  }

  /** Adds the mates that lie on a gene. */
  addOf(gene: number, batch: RecordBatch): void {
    for (const pair of this.#pairs[gene] ?? []) {
      const draft = this.#draft(pair);
      const [atFirst, atSecond] = this.#matesAt(draft);
      const [first, second] = this.#place(draft);
      const firstReverse = first.isReverse ? Flag.reverse : 0;
      const secondReverse = second.isReverse ? Flag.reverse : 0;
      const flag = Flag.paired;
      if (atFirst === gene) batch.add(first, second, pair, flag | Flag.first | firstReverse | (secondReverse << 1));
      if (atSecond === gene) batch.add(second, first, pair, flag | Flag.second | secondReverse | (firstReverse << 1));
    }
  }

  #draft(pair: number): Draft {
    const { chimeras, misplaced, seed, pairsPerFusion } = this.#options;
    const random = new Random(Math.imul(pair + 1, 0x85eb_ca6b) ^ Math.imul(seed, 0xc2b2_ae35));
    const length = fragmentLength(random);
    if (pair >= chimeras + misplaced) {
      const { genes, junction } = this.#fusions[Math.floor((pair - chimeras - misplaced) / pairsPerFusion)] as Fusion;
      const before = Math.min(junction[0], random.between(15, length - 15));
      const after = Math.min(length - before, this.#lengthOf(genes[1]) - junction[1]);
      const from: Draft['from'] = [junction[0] - before, junction[1]];
      return { random, isMisplaced: false, genes, from, lengths: [before, after] };
    }
    const genes: Draft['genes'] = [this.#pickGene(random), this.#pickGene(random)];
    const isMisplaced = pair >= chimeras;
    const wanted = isMisplaced ? [length, length] : [random.between(20, length - 20), length];
    const before = Math.min(wanted[0] as number, this.#lengthOf(genes[0]));
    const after = Math.min(length - (isMisplaced ? 0 : before), this.#lengthOf(genes[1]));
    const start = (gene: number, size: number): number => random.below(this.#lengthOf(gene) - size + 1);
    const from: Draft['from'] = [start(genes[0], before), start(genes[1], after)];
    return { random, isMisplaced, genes, from, lengths: [before, after] };
  }

  /** The genes to which first and second mate align: those with more of their bases. The first mate is reversed. */
  #matesAt({ isMisplaced, genes: [before, after], lengths }: Draft): [first: number, second: number] {
    if (isMisplaced) return [after, before];
    const { readLength } = this.#options;
    const first = Math.min(readLength, lengths[1]);
    const second = Math.min(readLength, lengths[0]);
    return [readLength - first >= first ? before : after, second >= readLength - second ? before : after];
  }

  #place({ random, isMisplaced, genes, from, lengths }: Draft): [first: Placed, second: Placed] {
    const { readLength } = this.#options;
    const parts = genes.map((gene, i): Part => {
      const start = from[i] as number;
      return { source: this.#wholeOf(gene), from: start, to: start + (lengths[i] as number) };
    });
    const read = isMisplaced ? parts.slice(0, 1) : parts;
    const first = placeMate(read, false, readLength, random);
    const second = placeMate(read, true, readLength, random);
    if (!isMisplaced) return [first, second];
    const elsewhere = placeMate(parts.slice(1), false, readLength, random);
    return [{ ...elsewhere, bases: first.bases, cigar: fitted(elsewhere.cigar, first.bases.length) }, second];
  }

  /** The first transcript of a gene has all of its bases. */
  #wholeOf(gene: number): Source {
    const { transcripts } = this.#genes[gene] as HumanGene;
    return sourceOf(this.#genes[gene] as HumanGene, transcripts[0] ?? []);
  }

  #lengthOf(gene: number): number {
    return (this.#genes[gene] as HumanGene).codes.length;
  }

  /** Two expressed coding genes on different chromosomes, joined between inner exons. */
  #makeFusion(random: Random): Fusion {
    for (;;) {
      const genes: Fusion['genes'] = [this.#pickGene(random), this.#pickGene(random)];
      const [before, after] = genes.map((gene) => this.#genes[gene]) as [HumanGene, HumanGene];
      if (!before.isCoding || !after.isCoding || before.chromosome === after.chromosome) continue;
      const junction = [before, after].map((gene) => innerJunction(gene, random));
      return { genes, junction: junction as Fusion['junction'] };
    }
  }

  /** Weighted by expression. */
  #pickGene(random: Random): number {
    const drawn = random.below(0x1_0000_0000) / 0x1_0000_0000;
    let [low, high] = [0, this.#upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#upTo[middle] as number) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Exon boundaries along the transcript. */
function innerJunction({ blocks, strand, codes }: HumanGene, random: Random): number {
  const offset = blocks[random.between(1, blocks.length - 1)]?.offset ?? 0;
  return strand === '+' ? offset : codes.length - offset;
}

/** A read that is shorter or longer than the aligned part counts as aligned in one piece. */
function fitted(cigar: readonly number[], length: number): readonly number[] {
  const aligned = cigar.reduce((sum, one) => sum + ((one & 15) === MATCH ? one >>> 4 : 0), 0);
  return aligned === length ? cigar : [(length << 4) | MATCH];
}
