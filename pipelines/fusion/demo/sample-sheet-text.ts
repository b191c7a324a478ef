import { relative } from 'node:path';

export interface SheetRow {
  readonly sample: string;
  readonly bam: string;
  /** Term used by the pipeline's and nf-core's sample sheets. */
  readonly strandedness: 'reverse' | 'unstranded';
}

/** A sample sheet (CSV) with paths relative to its `folder`; with RFC 4180 quoting where needed. */
export function sampleSheetText(folder: string, samples: readonly SheetRow[]): string {
  const rows = samples.map(({ sample, bam, strandedness }) => [sample, relative(folder, bam), strandedness]);
  return ['sample,bam,strandedness', ...rows.map((row) => row.map(quoted).join(',')), ''].join('\n');
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
