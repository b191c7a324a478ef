import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { Defect } from '../../../pipelines/fusion/demo/defects.ts';
import { makeSimulatedCohort, type SimulatedSample } from '../../../pipelines/fusion/demo/simulated-cohort.ts';
import { picard } from '../../../pipelines/fusion/picard.ts';
import { outputOf, runStep, runToEnd } from './run-step.ts';
import { naive, naivePicard, temporaryFolder } from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const PAIRS = 200;

const bamWith = (...defects: Defect[]) => bamOf({ name: defects.join('-') || 'sound', defects }, PAIRS);

async function bamOf(sample: SimulatedSample, pairs: number): Promise<string> {
  const { samples } = await makeSimulatedCohort({ folder: join(folder, 'cohort'), samples: [sample], pairs });
  return samples[0]?.bam as string;
}

/** Reads in a FASTQ file; Picard leaves gzip files without an end where no pair came. */
function readsIn(path: string): number {
  if (statSync(path).size === 0) return 0;
  const text = gunzipSync(readFileSync(path), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  return text.split('\n').length >> 2;
}

async function naiveReads(bam: string, name: string): Promise<{ exitCode: unknown; r1: number; r2: number }> {
  const [r1, r2] = [1, 2].map((mate) => join(folder, `${name}.naive_r${mate}.fq.gz`)) as [string, string];
  const { exitCode } = await naive(naivePicard(bam, r1, r2));
  return { exitCode, r1: readsIn(r1), r2: readsIn(r2) };
}

async function convert(bam: string, name: string) {
  const end = await runStep(picard, { folder: join(folder, name), inputs: { bam } });
  return {
    ...end,
    counts: Object.values(end.outputs)
      .filter((path) => path.endsWith('.gz'))
      .map(readsIn),
  };
}

describe('a sound BAM', () => {
  test('gives the same reads as the original command', async () => {
    const bam = await bamWith();
    const [r1, r2] = [1, 2].map((mate) => join(folder, `plain_r${mate}.fq.gz`)) as [string, string];
    await naive(naivePicard(bam, r1, r2));
    const end = await runToEnd(picard, { folder: join(folder, 'sound'), inputs: { bam } });
    expect(gunzipSync(readFileSync(outputOf(end, 'r1'))).equals(gunzipSync(readFileSync(r1)))).toBe(true);
    expect(gunzipSync(readFileSync(outputOf(end, 'r2'))).equals(gunzipSync(readFileSync(r2)))).toBe(true);
    expect(end.observed.metrics).toEqual({ read_pairs: PAIRS, unpaired_reads: 0, orphan_mates: 0 });
    // 2 GB for a small BAM, 640 MB of it not for the heap.
    expect(end.log).toContain('-Xmx1408m');
    expect(end.observed.checks.map(({ name, actual }) => `${name}: ${actual}`)).toMatchInlineSnapshot(`
      [
        "reads in both FASTQ files: 200",
        "mates have the same names: yes",
        "unpaired reads set aside: 0",
        "read pairs in the FASTQ files and in the BAM: 200",
      ]
    `);
  });
});

describe('trap 1: an unpaired read shifts all later pairs', () => {
  test('the original command writes one more first mate and reports success', async () => {
    const bam = await bamWith('unpaired-read');
    expect(await naiveReads(bam, 'unpaired')).toEqual({ exitCode: 0, r1: PAIRS + 1, r2: PAIRS });
  });

  test('it is set aside and counted', async () => {
    const { failure, observed, counts } = await convert(await bamWith('unpaired-read'), 'unpaired');
    expect(failure).toBeUndefined();
    expect(counts).toEqual([PAIRS, PAIRS]);
    expect(observed.metrics).toEqual({ read_pairs: PAIRS, unpaired_reads: 1, orphan_mates: 0 });
  });
});

describe('trap 6: BAM files that Picard converts to nothing, or too little', () => {
  test('a mate whose partner is missing is counted', async () => {
    const { failure, observed, counts } = await convert(await bamWith('orphan-mate'), 'orphan');
    expect(failure).toBeUndefined();
    expect(counts).toEqual([PAIRS - 1, PAIRS - 1]);
    expect(observed.metrics).toEqual({ read_pairs: PAIRS - 1, unpaired_reads: 0, orphan_mates: 1 });
  });

  test.each(['header-only', 'mate-suffixes', 'empty'] as const)('%s: the original reports success', async (defect) => {
    expect(await naiveReads(await bamWith(defect), defect)).toEqual({ exitCode: 0, r1: 0, r2: 0 });
  });

  test.each([
    ['header-only', 'has a header and no reads'],
    ['mate-suffixes', 'has read names that end in /1 and /2, so that no read finds its mate'],
    ['single-end', 'has no paired reads'],
    ['empty', 'is empty (0 bytes)'],
    ['truncated', 'is truncated or damaged'],
    ['cut-between-blocks', 'is truncated or damaged'],
  ] as const)('%s: %s', async (defect, problem) => {
    const { failure } = await convert(await bamWith(defect), `hopeless-${defect}`);
    expect([failure?.reason, failure?.message]).toEqual(['input', `S1: ${defect}.bam ${problem}`]);
    expect(failure?.hint).toBeTruthy();
  });

  test.each([
    ['near its beginning', 0.5, PAIRS],
    ['far from it', 0.9, 5000],
  ])('a file with changed bytes %s is named', async (_, share, pairs) => {
    const bytes = readFileSync(await bamOf({ name: 'whole' }, pairs));
    const at = Math.floor(bytes.length * share);
    bytes.fill(0, at, at + 200);
    const bam = join(folder, `changed-${pairs}.bam`);
    writeFileSync(bam, bytes);
    const { failure } = await convert(bam, `changed-${pairs}`);
    expect([failure?.reason, failure?.message]).toEqual([
      'input',
      `S1: changed-${pairs}.bam is damaged: samtools cannot read it to its end`,
    ]);
  });

  test('a file that is not a BAM is named', async () => {
    const bam = join(folder, 'cohort', 'transcripts.fa');
    const { failure } = await convert(bam, 'fasta');
    expect([failure?.reason, failure?.message]).toMatchInlineSnapshot(`
      [
        "input",
        "S1: transcripts.fa is no BAM file",
      ]
    `);
  });
});
