import { z } from 'zod';
import { defineSamples } from '../../src/pipeline/inputs.ts';
import type { KnownSizes } from '../../src/pipeline/resources.ts';
import { STRANDEDNESS_WORDS } from './formats/strandedness.ts';

/** A sample has aligned (or unaligned) reads in a BAM, or a pair of FASTQ files; with both, the FASTQ files are used. */
export const samples = defineSamples({
  bam: { file: 'Paired reads, aligned or not, in any order' },
  fastq_1: { file: 'First mates, FASTQ, gzipped or not' },
  fastq_2: { file: 'Second mates, in the same order' },
  strandedness: {
    value: z
      .enum(STRANDEDNESS_WORDS)
      .describe("Strandedness of the library: reverse, forward or unstranded; empty or auto for the run's param"),
  },
});

/** Bytes of the files that a sample's reads come from: FASTQ files take precedence over a BAM. */
export function readBytes(sizes: KnownSizes): number {
  const fastq = sizes.of(samples.fastq_1) + sizes.of(samples.fastq_2);
  return fastq > 0 ? fastq : sizes.of(samples.bam);
}
