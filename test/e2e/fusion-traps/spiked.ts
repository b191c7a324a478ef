import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { compareWithTruth, type Score } from '../../../pipelines/fusion/demo/compare-with-truth.ts';
import type { Defect } from '../../../pipelines/fusion/demo/defects.ts';
import { foundInPizzlyJson } from '../../../pipelines/fusion/demo/found-fusions.ts';
import { type CohortSample, makeSimulatedCohort } from '../../../pipelines/fusion/demo/simulated-cohort.ts';
import { kallisto } from '../../../pipelines/fusion/kallisto.ts';
import { pizzly } from '../../../pipelines/fusion/pizzly.ts';
import { reference } from '../../../pipelines/fusion/reference.ts';
import { outputOf, runStep, runToEnd, type StepEnd } from './run-step.ts';

/** A folder of a test file's own; `remove` goes into its `afterAll`. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'fusion-traps-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Spiked {
  sample: CohortSample;
  bam: string;
  r1: string;
  r2: string;
  fasta: string;
  gtf: string;
  /** The `reference` step, run on the two. */
  reference: StepEnd;
}

/** One sample with three known fusions, as BAM and FASTQ, and its reference. */
export async function makeSpiked(
  folder: string,
  { pairs = 2000, defects = [] }: { pairs?: number; defects?: Defect[] } = {},
): Promise<Spiked> {
  const cohort = await makeSimulatedCohort({
    folder: join(folder, 'cohort'),
    samples: [{ name: 'S1', fusions: [0, 1, 2], defects }],
    pairs,
    fastq: true,
  });
  const [sample] = cohort.samples as [CohortSample];
  const [r1, r2] = sample.fastq as [string, string];
  const { fasta, gtf } = cohort;
  const made = await runToEnd(reference, { folder: join(folder, 'reference'), inputs: { fasta, gtf } });
  return { sample, bam: sample.bam, r1, r2, fasta, gtf, reference: made };
}

interface Called {
  kallisto: StepEnd;
  pizzly: StepEnd;
}

/** kallisto and pizzly on one sample, with the outputs of a finished `reference`; no bootstraps, for speed. */
export async function callFusions(
  folder: string,
  ref: StepEnd,
  reads: { r1: string; r2: string },
  params: Readonly<Record<string, unknown>> = {},
): Promise<Called> {
  const quantified = await runToEnd(kallisto, {
    folder: join(folder, 'kallisto'),
    inputs: { index: outputOf(ref, 'index'), r1: reads.r1, r2: reads.r2, strandedness: undefined },
    params: { bootstraps: 0, ...params },
    cpus: 1,
  });
  const inputs = pizzlyInputs(ref, quantified);
  return { kallisto: quantified, pizzly: await runStep(pizzly, { folder: join(folder, 'pizzly'), inputs, params }) };
}

/** What `pizzly` takes from the two steps before it. */
export function pizzlyInputs(ref: StepEnd, quantified: StepEnd): Record<string, string> {
  return {
    fusion: outputOf(quantified, 'fusion'),
    fragments: outputOf(quantified, 'fragments'),
    fasta: outputOf(ref, 'fasta'),
    gtf: outputOf(ref, 'gtf'),
    facts: outputOf(ref, 'facts'),
  };
}

/** Holds a pizzly JSON against what was put into the sample. */
export function score(sample: CohortSample, json: string): Pick<Score, 'putIn' | 'found' | 'exact' | 'wrong'> {
  const found = foundInPizzlyJson(readFileSync(json, 'utf8'), json);
  const { putIn, found: hits, exact, wrong } = compareWithTruth(new Map([[sample.sample, found]]), [sample]).total;
  return { putIn, found: hits, exact, wrong };
}

/** Runs a tool the way the original pipeline does; never throws. Returns its exit code and what it printed. */
export async function naive(argv: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const [file = '', ...args] = argv;
  const { exitCode, signal, all } = await execa(file, args, { ...options, all: true, reject: false, stdin: 'ignore' });
  return { exitCode: exitCode ?? signal, printed: all ?? '' };
}

/** argv of Picard with the original's flags. */
export function naivePicard(bam: string, r1: string, r2: string): string[] {
  const flags = [
    'QUIET=true',
    'INCLUDE_NON_PF_READS=true',
    'VALIDATION_STRINGENCY=SILENT',
    'MAX_RECORDS_IN_RAM=250000',
  ];
  const java = ['java', '-Xmx500m', '-jar', '/usr/share/java/picard.jar', 'SamToFastq'];
  return [...java, ...flags, `I=${bam}`, `F=${r1}`, `F2=${r2}`];
}

/** argv of pizzly with the original's flags. */
export function naivePizzly(files: { gtf: string; fasta: string; prefix: string; fusion: string }): string[] {
  const flags = ['-k', '31', '--align-score', '2', '--insert-size', '400', '--version-check', 'OFF'];
  return ['pizzly', ...flags, '--gtf', files.gtf, '--fasta', files.fasta, '--output', files.prefix, files.fusion];
}
