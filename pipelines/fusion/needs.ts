import type { Duration, Resources, Size } from '../../src/pipeline/resources.ts';

const MEBI = 2 ** 20;
const GIBI = 2 ** 30;
const MILLION = 1e6;

/**
 * A pair of reads (2 x 75) takes at least this many bytes of BAM or gzipped FASTQ, so that file size bounds the number
 * of pairs: 61 were measured in a BAM of 50 million pairs with four quality values, 70 in FASTQ files.
 */
const LEAST_BYTES_PER_PAIR = 56;
/** Factor of the limits over measured values: 2 is promised, and processors and disks differ. */
const TIME_MARGIN = 3;

function pairsIn(bytes: number): number {
  return bytes / LEAST_BYTES_PER_PAIR;
}

function gigabytes(count: number): Size {
  return `${Math.ceil(count)} GB`;
}

function hours(seconds: number): Duration {
  return `${Math.max(2, Math.ceil((seconds * TIME_MARGIN) / 3600))}h`;
}

/**
 * For checking annotation and sequences (700 MB and less) and `kallisto index`, whose two k-mer tables exist at the
 * same time: 9.4 GiB, and 0.4 GiB of the runner, for 226,490 human-like transcripts (138 million k-mers) in a FASTA of
 * 90 MB gzipped.
 * @param fastaBytes of the gzipped transcripts, up to 128 MiB for a human reference.
 */
export function referenceNeeds(fastaBytes: number): Resources {
  const size = sizeOfTranscripts(fastaBytes);
  return {
    cpus: 1,
    memory: gigabytes(2 + size * 10),
    scratch: gigabytes(2 + size * 8),
    time: hours(300 + size * 1500),
  };
}

/** 1 for human transcripts, up to 2^27 bytes gzipped, and for larger files: as plain text a human FASTA has 2^29 bytes. */
function sizeOfTranscripts(fastaBytes: number): number {
  return Math.min(1, fastaBytes / (128 * MEBI));
}

/**
 * Picard holds reads whose mates have not been read yet, so the heap that it needs grows with the sample and its share
 * of distant mates: below 0.25 GiB for 600,000 such pairs. With 4.9 GiB of heap it used 1.0 GiB in all for 50 million
 * pairs.
 * @param bamBytes of the BAM file
 */
export function picardNeeds(bamBytes: number): Resources {
  const size = bamBytes / GIBI;
  const memory = 2 + 2 * Math.min(1, size) + 0.375 * Math.max(0, size - 1);
  return {
    cpus: 1,
    memory: gigabytes(memory),
    scratch: gigabytes(2 + size * 5),
    time: hours(60 + (pairsIn(bamBytes) / MILLION) * 21),
  };
}

/**
 * kallisto's memory is its table of k-mers: it doubles at 126 million k-mers and is the same for any sample (a human
 * index: 6.8 to 7.7 GiB). Time: loading the index, 11 to 27 s for each million pairs, 19 s for each of 30 bootstraps.
 * @param fastaBytes of the gzipped transcripts
 * @param readBytes of the sample's BAM or FASTQ files
 */
export function kallistoNeeds(fastaBytes: number, readBytes: number): Resources {
  const size = sizeOfTranscripts(fastaBytes);
  return {
    cpus: 1,
    memory: gigabytes(1 + size * 9),
    scratch: gigabytes(1 + size * 7 + (readBytes / GIBI) * 2),
    time: hours(60 + size * 900 + (pairsIn(readBytes) / MILLION) * 27),
  };
}

/**
 * Records of kallisto's `fusion.txt` for each pair of a library with many chimeric fragments: 0.005 were measured in
 * one with 0.5 % chimeric pairs.
 */
const RECORDS_PER_PAIR = 0.01;

/**
 * pizzly aligns every record of `fusion.txt` to all pairs of transcripts that it matches: 11 s, plus 2 to 5.35 ms and 3
 * kB per record. Its output takes 6 kB per record.
 * @param fastaBytes of the gzipped transcripts
 * @param readBytes of the sample's BAM or FASTQ files
 */
export function pizzlyNeeds(fastaBytes: number, readBytes: number): Resources {
  const size = sizeOfTranscripts(fastaBytes);
  const records = pairsIn(readBytes) * RECORDS_PER_PAIR;
  return {
    cpus: 1,
    memory: gigabytes(1 + size * 2 + (records * 4000) / GIBI),
    scratch: gigabytes(2 + (records * 8000) / GIBI),
    time: hours(60 + records * 0.00535),
  };
}
