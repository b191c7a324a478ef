import { appendFile, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { PipelineError, systemCode } from '../../../src/errors.ts';
import { publishFolder } from './publish-folder.ts';
import { sampleSheetText, type SheetRow } from './sample-sheet-text.ts';
import { samHeader } from './sam-text.ts';
import { makeSimulatedCohort, type SimulatedCohort, type SimulatedSample } from './simulated-cohort.ts';
import { readSpikeIn, SPIKE_IN_FUSIONS, type SpikeIn } from './spike-in.ts';
import { truthText, type SampleTruth } from './truth.ts';
import { writeBam } from './write-bam.ts';

export interface DemoCohortOptions {
  /** Folder for the cohort alone. */
  folder: string;
  /** Where `scripts/setup.sh` puts pizzly's test data; without it the demo has one sample fewer. */
  spikeInFolder?: string;
  /** Read pairs of each simulated sample, at least 60; default 5000. */
  pairs?: number;
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
}

/** Paths are absolute. */
export interface DemoCohort {
  /** CSV with the columns `sample`, `bam` (relative to the sheet) and `strandedness`. */
  readonly sampleSheet: string;
  readonly fasta: string;
  readonly gtf: string;
  /** See `parseTruth`. */
  readonly truth: string;
  /** Lines for the user: what is special, and what is missing. */
  readonly notes: readonly string[];
}

/** Raised when the cohort's content changes, so that an older one is recreated. */
const VERSION = 2;
const SEED = 20;
const SPIKE_IN = 'spike-in';
/** Written last: a folder without it is not complete. */
const MARKER = 'cohort.json';

/** Fusion 0 recurs; `normal-1` has none; `broken-1` cannot be read. */
const SAMPLES: readonly SimulatedSample[] = [
  { name: 'tumour-1', fusions: [0, 1, 2] },
  { name: 'tumour-2', fusions: [0, 3] },
  { name: 'tumour-3', fusions: [4, 5, 6] },
  { name: 'tumour-4', fusions: [0, 7] },
  { name: 'normal-1', fusions: [] },
  { name: 'broken-1', fusions: [1], defects: ['truncated'] },
];

const Marker = z.object({
  version: z.number(),
  spikeIn: z.boolean(),
  pairs: z.number(),
  /** Bytes of every file. */
  files: z.record(z.string(), z.number()),
});
type Marker = z.infer<typeof Marker>;

/**
 * Creates the demo's cohort: six simulated samples and, if its files are available, a real one; all share one
 * reference. Does nothing if a complete cohort exists. If interrupted, it leaves nothing that looks complete.
 * @throws PipelineError `demo-folder` if the folder contains something else, `tool-missing` without samtools.
 */
export async function makeDemoCohort(options: DemoCohortOptions): Promise<DemoCohort> {
  const { spikeInFolder, pairs = 5000 } = options;
  const folder = resolve(options.folder);
  const spikeIn = spikeInFolder === undefined ? undefined : await readSpikeIn(resolve(spikeInFolder), SPIKE_IN);
  const wanted: Marker = { version: VERSION, pairs, spikeIn: spikeIn !== undefined, files: {} };
  const existing = await readMarker(folder);
  if (existing && (await serves(folder, existing, wanted))) return describe(folder, existing);
  if (!existing) await refuseForeign(folder);
  await publishFolder(folder, async (partial) => {
    await fillCohort({ ...options, folder: partial, pairs }, spikeIn);
    await writeFile(join(partial, MARKER), JSON.stringify({ ...wanted, files: await fileSizes(partial) }, null, 2));
  });
  return describe(folder, wanted);
}

async function fillCohort(
  { folder, pairs, onProgress = () => {}, signal }: DemoCohortOptions & { pairs: number },
  spikeIn: SpikeIn | undefined,
): Promise<void> {
  const simulation = { folder, seed: SEED, pairs, samples: SAMPLES, onProgress };
  const cohort = await makeSimulatedCohort(signal ? { ...simulation, signal } : simulation);
  const samples: (SampleTruth & SheetRow)[] = [...cohort.samples];
  if (spikeIn) {
    onProgress(`writing ${SPIKE_IN}`);
    samples.push(await addSpikeIn(cohort, spikeIn));
  }
  await writeFile(cohort.sampleSheet, sampleSheetText(folder, samples));
  await writeFile(cohort.truth, truthText(samples));
}

/** A run has one reference: simulated and real genes have different ids and chromosomes, so they fit in one file. */
async function addSpikeIn({ folder, fasta, gtf }: SimulatedCohort, spikeIn: SpikeIn): Promise<SampleTruth & SheetRow> {
  await appendFile(fasta, spikeIn.fasta);
  await appendFile(gtf, spikeIn.gtf);
  const bam = join(folder, 'bam', `${SPIKE_IN}.bam`);
  await writeBam(bam, { header: samHeader([], SPIKE_IN), records: spikeIn.records });
  return { sample: SPIKE_IN, expect: 'success', fusions: SPIKE_IN_FUSIONS, bam, strandedness: 'unstranded' };
}

function describe(folder: string, { spikeIn }: Marker): DemoCohort {
  const at = (name: string): string => join(folder, name);
  return {
    sampleSheet: at('samples.csv'),
    fasta: at('transcripts.fa'),
    gtf: at('annotation.gtf'),
    truth: at('truth.tsv'),
    notes: [
      'broken-1 is truncated on purpose: it must fail without affecting the others.',
      spikeIn
        ? `${SPIKE_IN} is real: 744 read pairs of SRR1659964 with nine known fusions.`
        : `Without the real ${SPIKE_IN} sample: its files are missing (scripts/setup.sh fetches them on Debian and Ubuntu).`,
    ],
  };
}

async function readMarker(folder: string): Promise<Marker | undefined> {
  try {
    return Marker.parse(JSON.parse(await readFile(join(folder, MARKER), 'utf8')));
  } catch {
    return undefined;
  }
}

/** A cohort with the spike-in remains valid if its source files have since been removed. */
async function serves(folder: string, existing: Marker, wanted: Marker): Promise<boolean> {
  const { version, pairs, files } = existing;
  if (version !== wanted.version || pairs !== wanted.pairs) return false;
  if (wanted.spikeIn && !existing.spikeIn) return false;
  const sizes = await fileSizes(folder);
  return Object.entries(files).every(([file, bytes]) => sizes[file] === bytes);
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = files.toSorted().map(async (file) => [file.slice(folder.length + 1), (await stat(file)).size]);
  return Object.fromEntries(await Promise.all(sizes)) as Record<string, number>;
}

/** A folder without a demo cohort is never replaced. */
async function refuseForeign(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new PipelineError({
    code: 'demo-folder',
    message: 'This folder is not empty and contains no demo cohort',
    where: folder,
    hint: 'Name a new folder, or remove this one.',
  });
}
