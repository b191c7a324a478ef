import { z } from 'zod';
import { defineParams } from '../../src/pipeline/inputs.ts';
import { STRANDEDNESS } from './formats/strandedness.ts';

const flag = (preset: boolean, text: string) => z.boolean().default(preset).describe(text);
const count = (preset: number, text: string) => z.int().min(0).default(preset).describe(text);

/**
 * Every flag of the three tools that affects results, with the original pipeline's value; if a default differs from the
 * original's, its description says so.
 */
export const params = defineParams({
  k: z
    .int()
    .min(3)
    .max(31)
    .refine((k) => k % 2 === 1, 'k must be odd')
    .default(31)
    .describe('Length of k-mers in the kallisto index, and what pizzly is told: kallisto index -k, pizzly -k'),

  includeNonPfReads: flag(true, "Use reads that failed the sequencer's quality checks: Picard INCLUDE_NON_PF_READS"),
  validationStringency: z
    .enum(['SILENT', 'LENIENT', 'STRICT'])
    .default('SILENT')
    .describe('How strictly Picard checks the records of a BAM: Picard VALIDATION_STRINGENCY'),
  maxRecordsInRam: count(250_000, 'Records that Picard may sort in memory: Picard MAX_RECORDS_IN_RAM'),
  quiet: flag(true, "Keep Picard's progress out of the log: Picard QUIET"),
  compressionLevel: z
    .int()
    .min(0)
    .max(9)
    .default(1)
    .describe(
      "How hard Picard compresses FASTQ files: COMPRESSION_LEVEL. The original's 5 takes twice as long for 8 % less",
    ),

  strandedness: z
    .enum(STRANDEDNESS)
    .default('rf-stranded')
    .describe('Strandedness of samples whose sheet does not say: kallisto --rf-stranded, --fr-stranded, or neither'),
  bootstraps: count(
    30,
    'Bootstrap samples: kallisto -b. Any number but 0 makes kallisto use one thread; its counts are then the same every time',
  ),
  seed: count(42, 'Seed of the bootstraps: kallisto --seed'),

  alignScore: count(2, 'Mismatches that pizzly allows between a read and a transcript: pizzly --align-score'),
  insertSize: z
    .union([z.literal('auto'), z.int().min(1)])
    .default(400)
    .describe(
      'Longest fragment that pizzly expects: pizzly --insert-size. auto takes the 95th percentile of the sample',
    ),
  ignoreProtein: flag(
    false,
    'Look for fusions of all genes, not of protein-coding ones only: pizzly --ignore-protein. More false positives',
  ),
});
