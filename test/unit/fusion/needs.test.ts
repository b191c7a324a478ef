import { describe, expect, test } from 'vitest';
import fusion from '../../../pipelines/fusion/fusion.ts';
import { javaHeapMiB } from '../../../pipelines/fusion/java-heap.ts';
import { references } from '../../../pipelines/fusion/references.ts';
import { samples } from '../../../pipelines/fusion/samples.ts';
import { type TaskResources, taskResources } from '../../../src/pipeline/resources.ts';
import type { KnownSizes } from '../../../src/pipeline/resources.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** bench/human-scale: 226,490 transcripts. */
const HUMAN_FASTA = 92_000_000;

interface Sizes {
  fasta?: number;
  bam?: number;
  fastq?: number;
}

/** What a step asks for, with sizes rounded up as the planner does. */
function asked(name: string, { fasta = HUMAN_FASTA, bam = 0, fastq = 0 }: Sizes): TaskResources {
  const bytes = new Map<unknown, number>([
    [references.fasta, fasta],
    [samples.bam, bam],
    ...[samples.fastq_1, samples.fastq_2].map((file) => [file, fastq / 2] as const),
  ]);
  const rounded = (size: number): number => (size > 0 ? 2 ** Math.ceil(Math.log2(size)) : 0);
  const sizes: KnownSizes = { of: (file) => rounded(bytes.get(file) ?? 0), samples: 1 };
  return taskResources(fusion.steps.find((step) => step.name === name) as never, sizes);
}

interface Measured extends Sizes {
  step: string;
  what: string;
  /** Of the step's tools and its runner together. */
  peakMiB: number;
  /** Inputs, outputs, and what is written in between. */
  scratchMiB?: number;
  cpuSeconds: number;
}

/** docs/fusion.md has the same table; bench/human-scale/README.md tells what made it. */
const MEASURED: Measured[] = [
  { step: 'reference', what: '226,490 transcripts', peakMiB: 10_067, scratchMiB: 3131, cpuSeconds: 952 },
  { step: 'picard', what: '5 M pairs', bam: 429_123_023, peakMiB: 418, scratchMiB: 741, cpuSeconds: 78 },
  { step: 'picard', what: '50 M pairs', bam: 3_872_407_771, peakMiB: 1113, scratchMiB: 6777, cpuSeconds: 690 },
  {
    step: 'picard',
    what: '1.5 M of 5 M pairs distant',
    bam: 480_000_000,
    peakMiB: 1353,
    scratchMiB: 840,
    cpuSeconds: 113,
  },
  {
    step: 'kallisto',
    what: '5 M pairs, 27 bootstraps more than measured',
    bam: 429_123_023,
    peakMiB: 7228,
    scratchMiB: 3296,
    cpuSeconds: 707,
  },
  { step: 'kallisto', what: '50 M pairs', bam: 3_872_407_771, peakMiB: 7267, scratchMiB: 6113, cpuSeconds: 610 },
  { step: 'kallisto', what: 'the most of the lab', bam: 16 * GIB, peakMiB: 7860, cpuSeconds: 9720 },
  { step: 'pizzly', what: '93,710 records', bam: 3_872_407_771, peakMiB: 980, scratchMiB: 847, cpuSeconds: 173 },
  { step: 'pizzly', what: '281,130 records, alone', bam: 3_872_407_771, peakMiB: 1060, cpuSeconds: 482 },
  { step: 'pizzly', what: '26,274 records', bam: 429_123_023, peakMiB: 897, scratchMiB: 275, cpuSeconds: 66 },
];

describe('measured usage fits into the requests', () => {
  test.each(MEASURED)('$step, $what', ({ step, peakMiB, scratchMiB = 0, cpuSeconds, ...sizes }) => {
    const needs = asked(step, sizes);
    expect(peakMiB / needs.memoryMiB).toBeLessThanOrEqual(0.85);
    expect(scratchMiB).toBeLessThanOrEqual(needs.scratchMiB);
    expect(cpuSeconds / needs.timeLimitSeconds).toBeLessThanOrEqual(0.5);
  });
});

test('a larger BAM gets more memory for Picard', () => {
  const memory = [1, 20].map((size) => asked('picard', { bam: size * GIB }).memoryMiB / 1024);
  expect(memory).toEqual([4, 16]);
});

test("kallisto's memory depends on the reference, its time on the sample", () => {
  const [small, large] = [asked('kallisto', { bam: GIB }), asked('kallisto', { bam: 20 * GIB })];
  expect(large.memoryMiB).toBe(small.memoryMiB);
  expect(large.timeLimitSeconds).toBeGreaterThan(small.timeLimitSeconds);
  expect(asked('kallisto', { fasta: MIB, bam: GIB }).memoryMiB).toBeLessThan(small.memoryMiB);
});

test('FASTQ files take precedence over a BAM, as in the step', () => {
  expect(asked('pizzly', { bam: 64 * GIB, fastq: GIB })).toEqual(asked('pizzly', { fastq: GIB }));
});

test('an uncompressed transcriptome requests no more than a gzipped human one', () => {
  const steps = ['reference', 'kallisto', 'pizzly'];
  const human = steps.map((step) => asked(step, { bam: GIB }));
  expect(steps.map((step) => asked(step, { fasta: 4 * HUMAN_FASTA, bam: GIB }))).toEqual(human);
});

test('a Java heap leaves memory for the rest of the task', () => {
  for (const memoryMiB of [1024, 2048, 4096, 16_384]) {
    const heap = javaHeapMiB(memoryMiB);
    expect(memoryMiB - heap).toBeGreaterThanOrEqual(Math.min(640, memoryMiB));
    expect(heap).toBeGreaterThanOrEqual(256);
  }
});

test('a task with nothing to read still gets resources', () => {
  for (const { name } of fusion.steps) expect(asked(name, { fasta: 0 }).memoryMiB).toBeGreaterThanOrEqual(1024);
});
