import { z } from 'zod';

const counts = z.object({
  primary: z.number(),
  'paired in sequencing': z.number(),
  read1: z.number(),
  read2: z.number(),
});
const flagstat = z.object({ 'QC-passed reads': counts, 'QC-failed reads': counts });

/** Read counts of a BAM file, without secondary and supplementary alignments. */
export interface BamCounts {
  /** Reads. */
  reads: number;
  /** Reads flagged as first and second mates, whether or not the other mate is present. */
  read1: number;
  read2: number;
  /** Reads that were never paired. */
  unpaired: number;
}

/**
 * Reads `samtools flagstat -O json`.
 * @param includeFailed also count reads that failed the platform's quality checks (flag 0x200)
 */
export function parseFlagstat(text: string, includeFailed: boolean): BamCounts {
  const { 'QC-passed reads': passed, 'QC-failed reads': failed } = flagstat.parse(JSON.parse(text));
  const sum = (key: keyof typeof passed): number => passed[key] + (includeFailed ? failed[key] : 0);
  return {
    reads: sum('primary'),
    read1: sum('read1'),
    read2: sum('read2'),
    unpaired: sum('primary') - sum('paired in sequencing'),
  };
}
