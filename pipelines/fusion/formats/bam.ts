import { statSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { BadFile } from './bad-file.ts';
import { firstBytes } from './text.ts';

/** SAM specification 4.1 and 4.2: a BAM file is gzip blocks of at most 64 KiB, and its data begin with `BAM\1`. */
const FIRST_BLOCK_BYTES = 65_536;
const MAGIC = 'BAM\u0001';

/**
 * Checks a file's first bytes. samtools accepts any text or gzip as sequence data, and Picard would fail in Java.
 * @throws BadFile that states what the file is instead
 */
export function assertBam(path: string): void {
  if (statSync(path).size === 0) throw new BadFile(path, 'is empty (0 bytes)', COPY_AGAIN);
  const bytes = firstBytes(path, FIRST_BLOCK_BYTES);
  if (bytes.toString('latin1', 0, 4) === 'CRAM') {
    throw new BadFile(path, 'is a CRAM file', 'Convert it: samtools view -b -T genome.fa -o sample.bam sample.cram');
  }
  if (inflate(firstBlock(bytes)).toString('latin1', 0, 4) !== MAGIC) {
    throw new BadFile(path, 'is no BAM file', 'Give a BAM file, or FASTQ files in the columns fastq_1 and fastq_2.');
  }
}

const COPY_AGAIN = 'Copy it again, or ask for it again where it came from.';

/** A block states its size, minus 1, in the extra field of its gzip header. Later damage is not checked here. */
function firstBlock(bytes: Buffer): Buffer {
  return bytes.length < 18 ? bytes : bytes.subarray(0, bytes.readUInt16LE(16) + 1);
}

/** As much data as these bytes decompress to; empty if they are not gzip. */
function inflate(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}
