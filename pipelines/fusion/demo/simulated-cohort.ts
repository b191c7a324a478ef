import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isHopeless, samRecords, type Defect } from './defects.ts';
import { chooseFusions, type Fusion } from './fusions.ts';
import { makeGenome, type Genome } from './genome.ts';
import { Random } from './random.ts';
import { simulatePairs, type ReadOptions } from './reads.ts';
import { fastaText, gtfText } from './reference-text.ts';
import { sampleSheetText, type SheetRow } from './sample-sheet-text.ts';
import { samHeader } from './sam-text.ts';
import { knownFusion, truthText, type SampleTruth } from './truth.ts';
import { writeBam } from './write-bam.ts';
import { writeFastqPair } from './write-fastq.ts';

export interface SimulatedSample {
  name: string;
  /** Which fusions of the cohort's pool it has (from 0), or how many of them, drawn at random; default 2. */
  fusions?: number | readonly number[];
  /** Default: the cohort's. */
  pairs?: number;
  defects?: readonly Defect[];
}

export interface SimulationOptions {
  /** Created if missing; existing files of the same names are overwritten. */
  folder: string;
  /** Default 1. */
  seed?: number;
  /** How many (`S1`, `S2`…, two fusions each), or which; default 3. */
  samples?: number | readonly SimulatedSample[];
  /** Read pairs of each sample; default 2000. */
  pairs?: number;
  /** Default 60. */
  genes?: number;
  /** Different fusions in the cohort, at most; default 8. */
  pool?: number;
  /** Write each sample's reads as a pair of FASTQ files, too. */
  fastq?: boolean;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

/** Paths are absolute. */
export interface CohortSample extends SampleTruth, SheetRow {
  readonly fastq?: readonly [string, string];
}

/** Paths are absolute. */
export interface SimulatedCohort {
  readonly folder: string;
  /** cDNA and annotation, as Ensembl writes them. */
  readonly fasta: string;
  readonly gtf: string;
  /** CSV with the columns `sample`, `bam` (relative to the sheet) and `strandedness`. */
  readonly sampleSheet: string;
  /** See `truthText`. */
  readonly truth: string;
  readonly samples: readonly CohortSample[];
  readonly genome: Genome;
}

/**
 * Simulates a reference and samples with known fusions: coordinate-sorted BAMs with a read group, and the truth. The
 * same options give the same bytes. A sample's reads depend on the seed and its name, not on the other samples.
 * @throws PipelineError `tool-missing` without samtools.
 */
export async function makeSimulatedCohort(options: SimulationOptions): Promise<SimulatedCohort> {
  const { seed = 1, genes = 60, pool = 8, samples = 3 } = options;
  const folder = resolve(options.folder);
  const genome = makeGenome({ seed, genes });
  const fusions = chooseFusions(genome, { seed, count: pool });
  const at = (name: string): string => join(folder, name);
  await mkdir(at('bam'), { recursive: true });
  const made: CohortSample[] = [];
  for (const sample of typeof samples === 'number' ? numbered(samples) : samples) {
    options.signal?.throwIfAborted();
    options.onProgress?.(`simulating ${sample.name}`);
    made.push(await makeSample(genome, fusions, sample, { ...options, folder, seed }));
  }
  const cohort = {
    folder,
    fasta: at('transcripts.fa'),
    gtf: at('annotation.gtf'),
    sampleSheet: at('samples.csv'),
    truth: at('truth.tsv'),
    samples: made,
    genome,
  };
  await writeFile(cohort.fasta, fastaText(genome));
  await writeFile(cohort.gtf, gtfText(genome));
  await writeFile(cohort.sampleSheet, sampleSheetText(folder, made));
  await writeFile(cohort.truth, truthText(made));
  return cohort;
}

function numbered(count: number): SimulatedSample[] {
  return Array.from({ length: count }, (_, i) => ({ name: `S${i + 1}` }));
}

async function makeSample(
  genome: Genome,
  pool: readonly Fusion[],
  sample: SimulatedSample,
  options: SimulationOptions & { seed: number },
): Promise<CohortSample> {
  const { name, pairs = options.pairs ?? 2000, defects = [] } = sample;
  const fusions = fusionsOf(sample, pool, options.seed);
  const reading: ReadOptions = { seed: options.seed, sample: name, pairs, fusions };
  const bam = join(options.folder, 'bam', `${name}.bam`);
  const records = samRecords(simulatePairs(genome, reading), name, defects);
  await writeBam(bam, { header: samHeader(genome.chromosomes, name), records, defects });
  const fastq = [1, 2].map((mate) => join(options.folder, 'fastq', `${name}_${mate}.fastq.gz`)) as [string, string];
  if (options.fastq) {
    await mkdir(join(options.folder, 'fastq'), { recursive: true });
    await writeFastqPair(fastq, simulatePairs(genome, reading));
  }
  return {
    sample: name,
    expect: isHopeless(defects) ? 'failure' : 'success',
    fusions: fusions.map(knownFusion),
    bam,
    strandedness: 'reverse',
    ...(options.fastq ? { fastq } : {}),
  };
}

function fusionsOf({ name, fusions = 2 }: SimulatedSample, pool: readonly Fusion[], seed: number): Fusion[] {
  if (typeof fusions === 'number') return Random.for(seed, `fusions of ${name}`).shuffled(pool).slice(0, fusions);
  return fusions.map((index) => {
    const fusion = pool[index];
    if (!fusion) throw new RangeError(`Sample ${name} wants fusion ${index}, but there are only ${pool.length}`);
    return fusion;
  });
}
