import { randomBases } from './bases.ts';
import { Random } from './random.ts';

/** Genomic positions, counted from 1, both included. */
export interface Exon {
  readonly start: number;
  readonly end: number;
}

export interface Transcript {
  /** Without the version. */
  readonly id: string;
  readonly version: number;
  readonly name: string;
  /** In transcription order, as in Ensembl's files: descending on the minus strand. pizzly relies on it. */
  readonly exons: readonly Exon[];
  /** The cDNA, 5' to 3'. */
  readonly sequence: string;
}

export interface Gene {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly biotype: 'protein_coding' | 'lincRNA';
  readonly chromosome: string;
  readonly strand: '+' | '-';
  /** The first one has all exons. */
  readonly transcripts: readonly Transcript[];
}

export interface Genome {
  readonly chromosomes: readonly { readonly name: string; readonly length: number }[];
  readonly genes: readonly Gene[];
}

export interface GenomeOptions {
  seed: number;
  /** Default 60. */
  genes?: number;
  /** Default 5. */
  chromosomes?: number;
}

/** pizzly drops pairs of genes on one chromosome that are less than 10 kb apart. */
const GENE_DISTANCE = { least: 15_000, most: 30_000 };
const EXONS = { least: 4, most: 9 };
const EXON_LENGTH = { least: 100, most: 350 };
const INTRON_LENGTH = { least: 200, most: 1500 };
/** One in this many genes does not code for a protein. */
const NON_CODING_EVERY = 20;

/** Simulates genes on chromosomes `SIM1`…; half of them have a second isoform that skips an inner exon. */
export function makeGenome({ seed, genes: count = 60, chromosomes: chromosomeCount = 5 }: GenomeOptions): Genome {
  const random = Random.for(seed, 'genome');
  const ends = Array.from({ length: chromosomeCount }, () => 0);
  const genes: Gene[] = [];
  for (let index = 0; index < count; index++) {
    const on = index % chromosomeCount;
    const start = (ends[on] as number) + random.between(GENE_DISTANCE.least, GENE_DISTANCE.most);
    const exons = makeExons(random, start);
    genes.push(makeGene(random, index, `SIM${on + 1}`, exons));
    ends[on] = (exons.at(-1) as Exon).end;
  }
  const chromosomes = ends.map((end, i) => ({ name: `SIM${i + 1}`, length: end + GENE_DISTANCE.least }));
  return { chromosomes, genes };
}

/** Start and end of a gene on its chromosome. */
export function spanOf(transcript: Transcript): Exon {
  const { exons } = transcript;
  return { start: Math.min(...exons.map(({ start }) => start)), end: Math.max(...exons.map(({ end }) => end)) };
}

/** `ENSSIMT00000000001.3`: the id shared by FASTA and GTF. */
export function versionedId({ id, version }: { id: string; version: number }): string {
  return `${id}.${version}`;
}

export function lengthOf({ start, end }: Exon): number {
  return end - start + 1;
}

function makeExons(random: Random, geneStart: number): Exon[] {
  const exons: Exon[] = [];
  const count = random.between(EXONS.least, EXONS.most);
  for (let start = geneStart; exons.length < count;) {
    const end = start + random.between(EXON_LENGTH.least, EXON_LENGTH.most) - 1;
    exons.push({ start, end });
    start = end + 1 + random.between(INTRON_LENGTH.least, INTRON_LENGTH.most);
  }
  return exons;
}

function makeGene(random: Random, index: number, chromosome: string, ascending: readonly Exon[]): Gene {
  const strand = random.pick(['+', '-'] as const);
  const exons = strand === '+' ? ascending : ascending.toReversed();
  const sequences = exons.map((exon) => randomBases(random, lengthOf(exon)));
  const skipped = random.between(1, exons.length - 2);
  const isoforms = random.below(2) === 0 ? [-1] : [-1, skipped];
  const name = `SYN${String(index + 1).padStart(3, '0')}`;
  return {
    id: ensemblId('G', index + 1),
    version: random.between(1, 9),
    name,
    biotype: index % NON_CODING_EVERY === NON_CODING_EVERY - 1 ? 'lincRNA' : 'protein_coding',
    chromosome,
    strand,
    transcripts: isoforms.map((without, i) => ({
      id: ensemblId('T', index * 10 + i + 1),
      version: random.between(1, 9),
      name: `${name}-20${i + 1}`,
      exons: exons.filter((_, exon) => exon !== without),
      sequence: sequences.filter((_, exon) => exon !== without).join(''),
    })),
  };
}

/** Ensembl's scheme with a species prefix that no species has, so that it never clashes with real ids. */
function ensemblId(kind: 'G' | 'T', number: number): string {
  return `ENSSIM${kind}${String(number).padStart(11, '0')}`;
}
