import { lengthOf, type Exon, type Gene, type Genome, type Transcript } from './genome.ts';
import { Random } from './random.ts';

/** One side of a fusion: which exons of which transcript it keeps. */
export interface FusionSide {
  readonly gene: Gene;
  readonly transcript: Transcript;
  readonly exons: readonly Exon[];
  /** Bases of the transcript that are kept. */
  readonly length: number;
}

/**
 * `before` is the 5' partner up to the end of an inner exon, `after` the 3' partner from the start of an inner exon.
 */
export interface Fusion {
  readonly before: FusionSide;
  readonly after: FusionSide;
}

/** Each side keeps at least this many bases, so that fragments of usual length fit around the junction. */
const LEAST_KEPT = 250;

/**
 * Picks up to `count` fusions that pizzly can call: two protein-coding genes on different chromosomes, broken at exon
 * ends. No gene is in more than one fusion.
 */
export function chooseFusions(genome: Genome, { seed, count }: { seed: number; count: number }): Fusion[] {
  const random = Random.for(seed, 'fusions');
  const left = random.shuffled(genome.genes.filter(isUsable));
  const fusions: Fusion[] = [];
  while (fusions.length < count) {
    const before = left.pop();
    const partner = left.findIndex((gene) => gene.chromosome !== before?.chromosome);
    if (!before || partner < 0) break;
    const [after] = left.splice(partner, 1);
    fusions.push({ before: firstExons(before, random), after: lastExons(after as Gene, random) });
  }
  return fusions;
}

function isUsable(gene: Gene): boolean {
  return gene.biotype === 'protein_coding' && cuts(gene).length > 0;
}

/** Possible numbers of exons before the break such that both halves are long enough. */
function cuts(gene: Gene): number[] {
  const exons = (gene.transcripts[0] as Transcript).exons;
  const counts = exons.map((_, i) => i).slice(1);
  return counts.filter((n) => total(exons.slice(0, n)) >= LEAST_KEPT && total(exons.slice(n)) >= LEAST_KEPT);
}

function firstExons(gene: Gene, random: Random): FusionSide {
  return side(gene, (exons) => exons.slice(0, random.pick(cuts(gene))));
}

function lastExons(gene: Gene, random: Random): FusionSide {
  return side(gene, (exons) => exons.slice(random.pick(cuts(gene))));
}

function side(gene: Gene, keep: (exons: readonly Exon[]) => readonly Exon[]): FusionSide {
  const transcript = gene.transcripts[0] as Transcript;
  const exons = keep(transcript.exons);
  return { gene, transcript, exons, length: total(exons) };
}

function total(exons: readonly Exon[]): number {
  return exons.reduce((sum, exon) => sum + lengthOf(exon), 0);
}
