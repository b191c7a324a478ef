import { PipelineError } from '../../../src/errors.ts';
import type { Fusion } from './fusions.ts';
import { versionedId } from './genome.ts';

/** The last base of the 5' transcript and the first one of the 3' transcript; positions as pizzly counts them. */
export interface Junction {
  /** With version. */
  readonly transcriptA: string;
  /** Bases kept of transcript A. */
  readonly endA: number;
  readonly transcriptB: string;
  /** Bases skipped of transcript B. */
  readonly startB: number;
}

/** A simulated fusion. */
export interface KnownFusion {
  /** Name of the 5' gene. */
  readonly geneA: string;
  readonly geneB: string;
  /** The junction, if known. */
  readonly junction?: Junction;
}

export interface SampleTruth {
  readonly sample: string;
  /** `failure`: its input is broken on purpose. */
  readonly expect: 'success' | 'failure';
  readonly fusions: readonly KnownFusion[];
}

const COLUMNS = ['sample', 'expect', 'gene_a', 'gene_b', 'transcript_a', 'end_a', 'transcript_b', 'start_b'];
const NONE = '.';

/** How a simulated fusion should be reported. */
export function knownFusion({ before, after }: Fusion): KnownFusion {
  return {
    geneA: before.gene.name,
    geneB: after.gene.name,
    junction: {
      transcriptA: versionedId(before.transcript),
      endA: before.length,
      transcriptB: versionedId(after.transcript),
      startB: after.transcript.sequence.length - after.length,
    },
  };
}

/**
 * `truth.tsv`: one row per fusion, with `expect` = `fusion`; one row of dots for a sample that has none (`none`) or
 * whose input is broken (`failure`).
 */
export function truthText(truth: readonly SampleTruth[]): string {
  const rows = truth.flatMap(({ sample, expect, fusions }) => {
    if (expect === 'failure') return [[sample, 'failure']];
    if (fusions.length === 0) return [[sample, 'none']];
    return fusions.map(({ geneA, geneB, junction: j }) => {
      const place = j ? [j.transcriptA, `${j.endA}`, j.transcriptB, `${j.startB}`] : [];
      return [sample, 'fusion', geneA, geneB, ...place];
    });
  });
  const filled = rows.map((row) => COLUMNS.map((_, i) => row[i] ?? NONE).join('\t'));
  return [COLUMNS.join('\t'), ...filled, ''].join('\n');
}

/** Parses `truth.tsv`. @throws PipelineError `demo-truth` for an unknown row. */
export function parseTruth(text: string): SampleTruth[] {
  const samples = new Map<string, { expect: SampleTruth['expect']; fusions: KnownFusion[] }>();
  for (const [i, line] of text.trimEnd().split('\n').entries()) {
    const [sample, expect, geneA, geneB, transcriptA, endA, transcriptB, startB] = line.split('\t');
    if (i === 0 && line === COLUMNS.join('\t')) continue;
    if (!sample || !geneA || !geneB || !transcriptA || !transcriptB || !/^(fusion|none|failure)$/.test(expect ?? '')) {
      throw new PipelineError({
        code: 'demo-truth',
        message: `No row of truth.tsv: "${line}"`,
        where: `line ${i + 1}`,
      });
    }
    const entry = samples.get(sample) ?? { expect: expect === 'failure' ? 'failure' : 'success', fusions: [] };
    samples.set(sample, entry);
    if (expect !== 'fusion') continue;
    const junction = { transcriptA, endA: Number(endA), transcriptB, startB: Number(startB) };
    entry.fusions.push({ geneA, geneB, ...(transcriptA === NONE ? {} : { junction }) });
  }
  return [...samples].map(([sample, rest]) => ({ sample, ...rest }));
}
