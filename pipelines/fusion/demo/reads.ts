import { withErrors } from './bases.ts';
import type { Fusion } from './fusions.ts';
import type { Genome } from './genome.ts';
import { Random } from './random.ts';
import { fusionTemplate, transcriptTemplate, type Template } from './template.ts';

/** One read: the bases `from` to `to` (not included) of its template. */
export interface Mate {
  readonly from: number;
  readonly to: number;
  /** In the direction of the template, errors included. */
  readonly bases: string;
  /** True if the sequencer read the other strand. */
  readonly reversed: boolean;
}

export interface ReadPair {
  readonly name: string;
  readonly template: Template;
  readonly first: Mate;
  readonly second: Mate;
}

export interface ReadOptions {
  seed: number;
  /** Part of every read's name, and of the seed. */
  sample: string;
  /** Total pairs, including those across junctions. */
  pairs: number;
  fusions: readonly Fusion[];
  /** Pairs across each junction; default 20. */
  pairsPerFusion?: number;
  /** Default 75. */
  readLength?: number;
  /** Wrong bases per million; default 1000. */
  errorsPerMillion?: number;
}

/** Fragment lengths in bases; the longest stays below pizzly's --insert-size of 400. */
const FRAGMENT = { mean: 220, deviation: 40, longest: 390 };
/** A fragment across a junction has at least this many bases on each side. */
const LEAST_ANCHOR = 10;

/**
 * Simulates the pairs of a stranded library whose first read is reversed (RF): most from the transcripts, each with its
 * own abundance, and some across the junctions of the fusions.
 */
export function* simulatePairs(genome: Genome, options: ReadOptions): Generator<ReadPair> {
  const random = Random.for(options.seed, `reads ${options.sample}`);
  const pickTranscript = transcriptPicker(genome, random);
  const junctionAt = junctionPlaces(options, random);
  for (let i = 0; i < options.pairs; i++) {
    const fusion = junctionAt.get(i);
    const name = `${options.sample}.${i + 1}`;
    yield fusion
      ? readPair(name, fusionTemplate(fusion), random, options, fusion.before.length)
      : readPair(name, pickTranscript(), random, options);
  }
}

/** Chooses transcripts by abundance (1 to 50, fixed per sample) times length. */
function transcriptPicker(genome: Genome, random: Random): () => Template {
  const templates = genome.genes.flatMap((gene) => gene.transcripts.map((t) => transcriptTemplate(gene, t)));
  let sum = 0;
  const upTo = templates.map(({ sequence }) => (sum += random.between(1, 50) * sequence.length));
  return () => {
    const drawn = random.below(sum);
    return templates[upTo.findIndex((limit) => drawn < limit)] as Template;
  };
}

/** Assigns pairs to junctions, spread evenly over the sample. */
function junctionPlaces({ fusions, pairs, pairsPerFusion = 20 }: ReadOptions, random: Random): Map<number, Fusion> {
  const crossing = random.shuffled(fusions.flatMap((fusion) => Array.from({ length: pairsPerFusion }, () => fusion)));
  if (crossing.length > pairs) throw new RangeError(`${pairs} pairs are too few for ${fusions.length} fusions`);
  const every = Math.floor(pairs / Math.max(1, crossing.length));
  return new Map(crossing.map((fusion, i) => [i * every, fusion]));
}

function readPair(name: string, template: Template, random: Random, options: ReadOptions, junction?: number): ReadPair {
  const { readLength = 75, errorsPerMillion = 1000 } = options;
  const { sequence } = template;
  const longest = Math.min(FRAGMENT.longest, sequence.length);
  const length = Math.min(longest, Math.max(readLength, random.bell(FRAGMENT.mean, FRAGMENT.deviation)));
  const earliest = junction === undefined ? 0 : Math.max(0, junction + LEAST_ANCHOR - length);
  const latest = Math.min(sequence.length - length, junction === undefined ? Infinity : junction - LEAST_ANCHOR);
  const start = random.between(earliest, latest);
  const mate = (from: number, to: number, reversed: boolean): Mate => ({
    from,
    to,
    bases: withErrors(sequence.slice(from, to), errorsPerMillion, random),
    reversed,
  });
  const end = start + length;
  const size = Math.min(readLength, length);
  return { name, template, first: mate(end - size, end, true), second: mate(start, start + size, false) };
}

const FALLING = 'HHHHHGGGGGFFFFFEEEED';
const RISING = FALLING.split('').toReversed().join('');

/** One quality per base, in sequencing order or `backwards`: high, and falling towards the end. */
export function qualitiesOf({ bases }: Mate, { backwards = false } = {}): string {
  const tail = Math.min(bases.length, FALLING.length);
  const even = 'I'.repeat(bases.length - tail);
  return backwards ? RISING.slice(0, tail) + even : even + FALLING.slice(-tail);
}
