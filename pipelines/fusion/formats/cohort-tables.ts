import type { CohortMember, Metric } from '../../../src/pipeline/step.ts';
import type { Table } from './column.ts';

function metricOf(member: CohortMember, step: string, name: string): Metric | undefined {
  return member.steps[step]?.metrics[name];
}

/** Read pairs as counted by the first step: Picard's, or for FASTQ files kallisto's. */
function readPairs(member: CohortMember): Metric | undefined {
  return metricOf(member, 'picard', 'read_pairs') ?? metricOf(member, 'kallisto', 'kallisto_pairs');
}

function fromMetric(
  step: string,
  metric: string,
  meaning: string,
  name = metric,
): Table<CohortMember>['columns'][number] {
  return { name, meaning, value: (member) => metricOf(member, step, metric) };
}

export const QC: Table<CohortMember> = {
  file: 'qc.tsv',
  about:
    'One line per sample, in the order of the sample list. Empty: not known, because the step did not run or failed.',
  columns: [
    { name: 'sample', meaning: 'Name of the sample', value: ({ sample }) => sample },
    {
      name: 'status',
      meaning: '`ok`, or `missing` (see missing.tsv)',
      value: ({ missing }) => (missing ? 'missing' : 'ok'),
    },
    { name: 'read_pairs', meaning: 'Pairs of reads', value: readPairs },
    fromMetric(
      'picard',
      'unpaired_reads',
      'Reads of the BAM that were never paired, set aside; empty for FASTQ samples',
    ),
    fromMetric('picard', 'orphan_mates', 'Reads of the BAM whose mate is not there, left out; empty for FASTQ samples'),
    fromMetric('kallisto', 'pseudoaligned_pairs', 'Pairs that fit one or more transcripts'),
    fromMetric(
      'kallisto',
      'pseudoaligned_percent',
      'The same in percent. Low: other species, DNA, or wrong strandedness',
    ),
    fromMetric('kallisto', 'unique_percent', 'Percent of pairs that fit exactly one transcript'),
    fromMetric('kallisto', 'fragment_length_mean', 'Mean length of fragments, bases'),
    fromMetric(
      'kallisto',
      'fragment_length_p95',
      'Length that 95 % of fragments do not exceed, bases; an upper bound where short transcripts are few',
    ),
    fromMetric('kallisto', 'fusion_records', 'Read pairs that may cross a fusion'),
    fromMetric('pizzly', 'records_kept', 'Of these, those that pizzly kept'),
    fromMetric('pizzly', 'insert_size', 'Longest fragment that pizzly was told to expect'),
    fromMetric('pizzly', 'fusions', 'Pairs of genes that passed the filter'),
    fromMetric('pizzly', 'fusions_unfiltered', 'Pairs of genes before the filter'),
  ],
};

export interface Timing {
  sample: string;
  step: string;
  took: CohortMember['steps'][string];
}

export const TIMINGS: Table<Timing> = {
  file: 'timings.tsv',
  about: 'What each step took. The one file that differs from run to run.',
  columns: [
    { name: 'sample', meaning: 'Name of the sample', value: ({ sample }) => sample },
    { name: 'step', meaning: 'Name of the step', value: ({ step }) => step },
    { name: 'wall_seconds', meaning: 'From start to end', value: ({ took }) => took.wallSeconds },
    { name: 'cpu_seconds', meaning: 'CPU time of all tools', value: ({ took }) => took.cpuSeconds },
    {
      name: 'peak_memory_mib',
      meaning: 'Highest memory, MiB; empty if not measured',
      value: ({ took }) => took.peakMemoryMiB,
    },
  ],
};

export const MISSING: Table<CohortMember> = {
  file: 'missing.tsv',
  about: 'Samples that are not in the results, and why. Without any, the file has its header only.',
  columns: [
    { name: 'sample', meaning: 'Name of the sample', value: ({ sample }) => sample },
    { name: 'step', meaning: 'Step that it did not get past', value: ({ missing }) => missing?.step },
    {
      name: 'cause',
      meaning:
        '`input`: its file is unusable; `check`: counts did not agree; `tool`; `out-of-memory`; `timeout`; `disk`; `not-run`; …',
      value: ({ missing }) => missing?.cause,
    },
    { name: 'message', meaning: 'What happened', value: ({ missing }) => missing?.message },
  ],
};
