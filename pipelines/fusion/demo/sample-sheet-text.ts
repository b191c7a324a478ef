import { relative } from 'node:path';

export interface SheetRow {
  readonly sample: string;
  readonly bam: string;
  /** As the pipeline's sample sheet and nf-core's call it. */
  readonly strandedness: 'reverse' | 'unstranded';
}

/** A sample sheet (CSV) with paths relative to its `folder`; RFC 4180 quoting where one needs it. */
export function sampleSheetText(folder: string, samples: readonly SheetRow[]): string {
  const rows = samples.map(({ sample, bam, strandedness }) => [sample, relative(folder, bam), strandedness]);
  return ['sample,bam,strandedness', ...rows.map((row) => row.map(quoted).join(',')), ''].join('\n');
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
