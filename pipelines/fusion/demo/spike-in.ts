import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ExitCode, PipelineError, systemCode } from '../../../src/errors.ts';
import type { KnownFusion } from './truth.ts';

/**
 * Real reads with known fusions: 744 pairs of run SRR1659964, RNA spike-ins of nine cancer fusions (Tembe et al. 2014,
 * doi:10.1186/1471-2164-15-824), with the transcripts and the Ensembl 85 annotation of the genes in question. They are
 * the test data of pizzly's source package, which `scripts/setup.sh` unpacks.
 */
export interface SpikeIn {
  readonly fasta: string;
  readonly gtf: string;
  /** Unaligned SAM records, mates next to each other. */
  readonly records: readonly string[];
}

export const SPIKE_IN_FUSIONS: readonly KnownFusion[] = [
  ['AKAP9', 'BRAF'],
  ['BRD4', 'NUTM1'],
  ['CD74', 'ROS1'],
  ['EML4', 'ALK'],
  ['ETV6', 'NTRK3'],
  ['EWSR1', 'ATF1'],
  ['EWSR1', 'FLI1'],
  ['HOOK3', 'RET'],
  ['TMPRSS2', 'ETV1'],
].map(([geneA, geneB]) => ({ geneA: geneA as string, geneB: geneB as string }));

/** FLAG of unaligned mates: paired, both unmapped, first or second (SAM specification, section 1.4). */
const UNALIGNED = { first: 77, second: 141 } as const;

/**
 * Reads the spike-in files; `undefined` if the folder does not contain them.
 * @throws PipelineError `spike-in-broken` if they exist but are inconsistent.
 */
export async function readSpikeIn(folder: string, sample: string): Promise<SpikeIn | undefined> {
  try {
    const [fasta, gtf, first, second] = await Promise.all(
      ['transcripts.fasta.gz', 'transcripts.gtf.gz', 'reads_1.fastq.gz', 'reads_2.fastq.gz'].map(async (file) =>
        gunzipSync(await readFile(join(folder, file))).toString('latin1'),
      ),
    );
    return {
      fasta: fasta as string,
      gtf: gtf as string,
      records: unaligned(first as string, second as string, sample),
    };
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new PipelineError({
      code: 'spike-in-broken',
      message: 'The spike-in files cannot be read',
      where: folder,
      hint: `Remove the folder ${folder} and run scripts/setup.sh again.`,
      exitCode: ExitCode.environment,
      cause,
    });
  }
}

function unaligned(first: string, second: string, sample: string): string[] {
  const [ones, twos] = [fastqRecords(first), fastqRecords(second)];
  if (ones.length !== twos.length) throw new Error(`${ones.length} first reads, but ${twos.length} second reads`);
  return ones.flatMap((one, i) => {
    const two = twos[i] as FastqRecord;
    if (one.name !== two.name) throw new Error(`Read ${one.name} stands next to ${two.name}`);
    return [record(one, UNALIGNED.first, sample), record(two, UNALIGNED.second, sample)];
  });
}

interface FastqRecord {
  name: string;
  bases: string;
  qualities: string;
}

function fastqRecords(text: string): FastqRecord[] {
  const lines = text.trimEnd().split('\n');
  return Array.from({ length: lines.length / 4 }, (_, i) => {
    const [name = '', bases = '', , qualities = ''] = lines.slice(4 * i, 4 * i + 4);
    if (!name.startsWith('@') || bases.length !== qualities.length) throw new Error(`No FASTQ record: ${name}`);
    // The archive numbers mates ".1" and ".2"; in a BAM mates have one name.
    return { name: name.slice(1).replace(/\.[12]$/, ''), bases, qualities };
  });
}

function record({ name, bases, qualities }: FastqRecord, flag: number, sample: string): string {
  return `${[name, flag, '*', 0, 0, '*', '*', 0, 0, bases, qualities, `RG:Z:${sample}`].join('\t')}\n`;
}
