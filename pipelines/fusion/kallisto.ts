import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstOf } from '../../src/pipeline/inputs.ts';
import { type ContextOf, defineStep, StepFailure } from '../../src/pipeline/step.ts';
import { blame } from './formats/bad-file.ts';
import { findBootstraps, writeBootstrapTable } from './formats/bootstraps.ts';
import { explainMismatch, summarizeFastqPair } from './formats/fastq-pair.ts';
import { fragmentQuantile, readTruncatedMeans } from './formats/fragment-lengths.ts';
import { checkIndex } from './formats/kallisto-index.ts';
import { type RunInfo, readRunInfo, runInfoText } from './formats/run-info.ts';
import { strandednessFlags, strandednessOf } from './formats/strandedness.ts';
import { kallistoNeeds } from './needs.ts';
import { params } from './params.ts';
import { picard } from './picard.ts';
import { reference } from './reference.ts';
import { references } from './references.ts';
import { readBytes, samples } from './samples.ts';
import { sortFusionTxt } from './sort-fusion-txt.ts';
import { kallisto as kallistoTool, sort } from './tools.ts';

const { k, strandedness, bootstraps, seed } = params;

/**
 * Pseudoaligns, quantifies and collects reads that may cross a fusion. kallisto reports success on a truncated FASTQ
 * file and skips bootstraps silently, so the step counts its input and output independently.
 */
export const kallisto = defineStep({
  name: 'kallisto',
  description: 'Quantifies transcripts and collects candidate reads of fusions (kallisto quant --fusion)',
  version: '1',
  inputs: {
    index: reference.outputs.index,
    r1: firstOf(samples.fastq_1, picard.outputs.r1),
    r2: firstOf(samples.fastq_2, picard.outputs.r2),
    strandedness: samples.strandedness,
  },
  params: { k, strandedness, bootstraps, seed },
  outputs: {
    fusion: 'fusion.txt',
    abundance: 'abundance.tsv',
    runInfo: 'run_info.json',
    fragments: 'fragment_lengths.json',
    bootstraps: { file: 'bootstraps.tsv.gz', optional: true },
    log: 'kallisto.out',
  },
  // One thread if bootstraps are requested, which is the default.
  resources: (sizes) => kallistoNeeds(sizes.of(references.fasta), readBytes(sizes)),
  tools: [kallistoTool, sort],
  image: 'images/kallisto',
  async run(context) {
    try {
      await quantify(context);
    } catch (error) {
      throw blame('check', context.sample, error);
    }
  },
});

type KallistoContext = ContextOf<typeof kallisto>;

async function quantify(context: KallistoContext): Promise<void> {
  const { inputs, outputs, params: settings, scratch, sample, check } = context;
  const folder = join(scratch, 'kallisto');
  mkdirSync(folder);
  const index = asInput(sample, () => checkIndex(inputs.index, { k: settings.k }));
  const { pairs, stderr } = await runAndCount(context, folder);
  const info = readRunInfo(join(folder, 'run_info.json'));
  check('read pairs that kallisto read', { expected: pairs, actual: info.n_processed, hint: STOPPED_EARLY });
  check('index format', { expected: index.version, actual: info.index_version });
  const records = await sortFusionTxt(context, join(folder, 'fusion.txt'), outputs.fusion);
  await keepBootstraps(context, folder);
  renameSync(join(folder, 'abundance.tsv'), outputs.abundance);
  writeFileSync(outputs.runInfo, runInfoText(info));
  writeFileSync(outputs.log, stderr);
  await measure(context, info, records.pairs + records.splits, stderr);
}

const STOPPED_EARLY = 'kallisto stopped reading before the end without saying so.';

function asInput<T>(sample: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw blame('input', sample, error);
  }
}

/** Runs kallisto and concurrently reads the FASTQ files, to know how many pairs it must process. */
async function runAndCount(context: KallistoContext, folder: string): Promise<{ pairs: number; stderr: string }> {
  const [counted, quantified] = await Promise.allSettled([countPairs(context), runKallisto(context, folder)]);
  // A broken input explains any error of kallisto.
  if (counted.status === 'rejected') throw blame('input', context.sample, counted.reason);
  if (quantified.status === 'rejected') throw explainFailure(context, folder, quantified.reason);
  return { pairs: counted.value, stderr: quantified.value };
}

async function countPairs({ inputs, signal }: KallistoContext): Promise<number> {
  const { reads, sameNames } = await summarizeFastqPair(inputs, { signal });
  if (reads.r1 !== reads.r2 || !sameNames) await explainMismatch(inputs);
  return reads.r1;
}

async function runKallisto(context: KallistoContext, folder: string): Promise<string> {
  const { $, tool, inputs, params: settings, cpus, log } = context;
  const strand = strandednessOf(inputs.strandedness, settings.strandedness);
  // With two threads or more, builds without HDF5 silently skip plain-text bootstraps (BootstrapThreadPool is compiled
  // out), and estimated counts vary from run to run.
  const threads = settings.bootstraps > 0 ? 1 : cpus;
  log(`Library: ${strand}; threads: ${threads}; bootstraps: ${settings.bootstraps}`);
  const { stderr } = await $`${tool('kallisto')} quant -i ${inputs.index} -o ${folder} --plaintext --fusion
    -b ${settings.bootstraps} --seed=${settings.seed} -t ${threads} ${strandednessFlags(strand)} ${[inputs.r1, inputs.r2]}`;
  return stderr;
}

/** Explains kallisto's bare exit code 1 for a sample of which no read aligns to the reference. */
function explainFailure({ sample }: KallistoContext, folder: string, failure: unknown): unknown {
  try {
    if (readRunInfo(join(folder, 'run_info.json')).n_pseudoaligned > 0) return failure;
  } catch {
    return failure;
  }
  return new StepFailure('input', `${sample}: no read fits the reference (kallisto pseudoaligned none)`, {
    hint: 'Are species and strandedness right, are these RNA reads, and are they at least k bases long?',
    cause: failure,
  });
}

async function keepBootstraps({ params: settings, outputs, check }: KallistoContext, folder: string): Promise<void> {
  const found = findBootstraps(folder);
  check('bootstraps', { expected: settings.bootstraps, actual: found.length });
  if (found.length > 0) await writeBootstrapTable(found, outputs.bootstraps);
}

/** Share of fragments that `insertSize=auto` must cover, as pizzly's README advises. */
const FRAGMENT_SHARE = 0.95;

async function measure({ outputs, metric }: KallistoContext, info: RunInfo, records: number, stderr: string) {
  const mean = Number(/estimated average fragment length: ([\d.]+)/.exec(stderr)?.[1]);
  const longest = fragmentQuantile(await readTruncatedMeans(outputs.abundance), FRAGMENT_SHARE);
  const lengths = { mean: Number.isFinite(mean) ? mean : null, share: FRAGMENT_SHARE, longest: longest ?? null };
  writeFileSync(outputs.fragments, `${JSON.stringify(lengths, null, 2)}\n`);
  metric('kallisto_pairs', info.n_processed);
  metric('pseudoaligned_pairs', info.n_pseudoaligned);
  metric('pseudoaligned_percent', info.p_pseudoaligned);
  metric('unique_percent', info.p_unique);
  metric('fusion_records', records);
  if (lengths.mean !== null) metric('fragment_length_mean', lengths.mean);
  if (longest !== undefined) metric('fragment_length_p95', longest);
}
