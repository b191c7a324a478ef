import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ContextOf, defineStep, StepFailure } from '../../src/pipeline/step.ts';
import { blame } from './formats/bad-file.ts';
import { assertBam } from './formats/bam.ts';
import { type FastqPairSummary, summarizeFastqPair } from './formats/fastq-pair.ts';
import { type FastqSummary, summarizeFastq } from './formats/fastq.ts';
import { type BamCounts, parseFlagstat } from './formats/flagstat.ts';
import { javaHeapMiB } from './java-heap.ts';
import { picardNeeds } from './needs.ts';
import { params } from './params.ts';
import { samples } from './samples.ts';
import { picard as picardTool, samtools } from './tools.ts';

const { includeNonPfReads, validationStringency, maxRecordsInRam, quiet, compressionLevel } = params;

/**
 * BAM to a pair of FASTQ files. Reads are counted three times, by samtools in the BAM and by this step in both files
 * while Picard writes them, since Picard reports success however few reads it writes.
 */
export const picard = defineStep({
  name: 'picard',
  description: 'Turns a BAM file into a pair of FASTQ files (Picard SamToFastq)',
  version: '1',
  inputs: { bam: samples.bam },
  params: { includeNonPfReads, validationStringency, maxRecordsInRam, quiet, compressionLevel },
  outputs: { r1: '{sample}_r1.fq.gz', r2: '{sample}_r2.fq.gz', log: '{sample}_picard.stderr' },
  resources: (sizes) => picardNeeds(sizes.of(samples.bam)),
  tools: [picardTool, samtools],
  image: 'images/picard',
  intermediate: true,
  async run(context) {
    await assertUsable(context);
    const unpaired = join(context.scratch, 'unpaired.fq.gz');
    const { counts, pair } = await convert(context, unpaired);
    const single = await summarizeFastq(unpaired, { mate: 1, style: 'slash', signal: context.signal });
    await compare(context, counts, pair, single);
  },
});

type PicardContext = ContextOf<typeof picard>;

/** Detects the common ways in which a BAM is unusable before any work is done. */
async function assertUsable(context: PicardContext): Promise<void> {
  const { $, tool, inputs, sample } = context;
  try {
    assertBam(inputs.bam);
  } catch (error) {
    throw blame('input', sample, error);
  }
  // -u: a BAM of unaligned reads has no targets. The exit code is a set of bits; 16 is the missing end-of-file block.
  const quickcheck = await $({ allowExitCodes: EXIT_BITS })`${tool('samtools')} quickcheck -u ${inputs.bam}`;
  if (quickcheck.exitCode !== 0) throw unusable(context, 'is truncated or damaged', COPY_AGAIN);
  const peek = $({ quiet: true, allowExitCodes: EXIT_BITS });
  const head = await peek`${tool('samtools')} head -h 0 -n ${HEAD_RECORDS} ${inputs.bam}`;
  if (head.exitCode !== 0) throw unusable(context, DAMAGED, COPY_AGAIN);
  const records = head.stdout.split('\n').filter(Boolean);
  if (records.length === 0) throw unusable(context, 'has a header and no reads', 'Was it filtered to nothing?');
  if (records.every((record) => /^\S+\/[12]\t/.test(record))) throw unusable(context, SUFFIXED, STRIP_SUFFIXES);
}

const EXIT_BITS = Array.from({ length: 32 }, (_, code) => code);
const HEAD_RECORDS = 100;
const COPY_AGAIN = "Compare its checksum with the original's and copy it again.";
const DAMAGED = 'is damaged: samtools cannot read it to its end';
const SUFFIXED = 'has read names that end in /1 and /2, so that no read finds its mate';
const STRIP_SUFFIXES = String.raw`Strip them: samtools view -h in.bam | sed -E 's,^([^@\t][^\t]*)/[12]\t,\1\t,' | samtools view -b -o out.bam`;

function unusable({ sample, inputs }: PicardContext, problem: string, hint: string): StepFailure {
  return new StepFailure('input', `${sample}: ${basename(inputs.bam)} ${problem}`, { hint });
}

/** Converts while counting input and output: a second core would otherwise be idle. */
async function convert(
  context: PicardContext,
  unpaired: string,
): Promise<{ counts: BamCounts; pair: FastqPairSummary }> {
  const { $, tool, inputs, outputs, signal } = context;
  let isConverting = true;
  const converting = runPicard(context, unpaired).finally(() => (isConverting = false));
  const [converted, flagstat, pair] = await Promise.allSettled([
    converting,
    $({ quiet: true })`${tool('samtools')} flagstat -O json ${inputs.bam}`,
    summarizeFastqPair(outputs, { signal, growing: () => isConverting }),
  ]);
  // A file that samtools cannot read either explains any error of Picard.
  if (flagstat.status === 'rejected') throw asDamaged(context, flagstat.reason);
  if (converted.status === 'rejected') throw converted.reason;
  const counts = parseFlagstat(flagstat.value.stdout, context.params.includeNonPfReads);
  // Reported first: without pairs Picard leaves FASTQ files that are not even complete gzip files.
  if (counts.read1 + counts.read2 === 0) throw unusable(context, 'has no paired reads', PAIRED_ONLY);
  if (pair.status === 'rejected') throw blame('check', context.sample, pair.reason);
  return { counts, pair: pair.value };
}

function asDamaged(context: PicardContext, failure: unknown): unknown {
  const isTools = failure instanceof StepFailure && failure.reason === 'tool';
  return isTools ? unusable(context, DAMAGED, COPY_AGAIN) : failure;
}

async function runPicard(context: PicardContext, unpaired: string): Promise<void> {
  const { $, tool, inputs, outputs, params: flags, scratch, memoryMiB } = context;
  // _JAVA_OPTIONS overrides what a wrapper script named picard puts on its command line. One CPU: no parallel
  // collector.
  const options = `-Xmx${javaHeapMiB(memoryMiB)}m -XX:+UseSerialGC`;
  const { stderr } = await $({ env: { _JAVA_OPTIONS: options } })`${tool('picard')} SamToFastq
    QUIET=${String(flags.quiet)} INCLUDE_NON_PF_READS=${String(flags.includeNonPfReads)}
    VALIDATION_STRINGENCY=${flags.validationStringency} MAX_RECORDS_IN_RAM=${flags.maxRecordsInRam}
    COMPRESSION_LEVEL=${flags.compressionLevel} TMP_DIR=${scratch}
    I=${inputs.bam} F=${outputs.r1} F2=${outputs.r2} FU=${unpaired}`;
  writeFileSync(outputs.log, stderr);
}

async function compare(
  context: PicardContext,
  counts: BamCounts,
  { reads, sameNames }: FastqPairSummary,
  single: FastqSummary,
): Promise<void> {
  const { check, metric } = context;
  check('reads in both FASTQ files', { expected: reads.r1, actual: reads.r2, hint: BROKEN_PAIRS });
  check('mates have the same names', { expected: 'yes', actual: sameNames ? 'yes' : 'no', hint: BROKEN_PAIRS });
  check('unpaired reads set aside', { expected: counts.unpaired, actual: single.reads });
  const orphans = await countOrphans(context, counts, reads.r1);
  const pairs = (counts.read1 + counts.read2 - orphans) / 2;
  check('read pairs in the FASTQ files and in the BAM', { expected: pairs, actual: reads.r1 });
  if (pairs === 0) throw unusable(context, 'has no read whose mate is there, too', PAIRED_ONLY);
  metric('read_pairs', pairs);
  metric('unpaired_reads', counts.unpaired);
  metric('orphan_mates', orphans);
}

const PAIRED_ONLY = 'Fusions are searched in paired-end reads only. Was this a single-end library, or a filtered file?';
const BROKEN_PAIRS = 'Picard wrote files that do not belong together. Please keep the BAM and report it.';

/**
 * Mates whose partners are not in the BAM: Picard drops them silently. Counts of first and second mates cannot reveal
 * them all, so if there are fewer pairs than mates, samtools pairs the reads again.
 */
async function countOrphans(context: PicardContext, { read1, read2 }: BamCounts, pairs: number): Promise<number> {
  if (pairs === read1 && pairs === read2) return 0;
  const { $, tool, inputs, scratch, params: flags, signal } = context;
  const collated = join(scratch, 'collated.bam');
  const orphans = join(scratch, 'orphans.fq');
  const excluded = flags.includeNonPfReads ? '0x900' : '0xB00';
  await $`${tool('samtools')} collate -f -l 1 -o ${collated} ${inputs.bam} ${join(scratch, 'collate')}`;
  await $`${tool('samtools')} fastq -F ${excluded} -n -1 /dev/null -2 /dev/null -0 /dev/null -s ${orphans} ${collated}`;
  return (await summarizeFastq(orphans, { mate: 1, style: 'slash', signal })).reads;
}
