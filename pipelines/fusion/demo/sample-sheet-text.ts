/** A sample sheet (CSV) with the columns `sample` and `bam`; RFC 4180 quoting where a path needs it. */
export function sampleSheetText(samples: readonly { sample: string; bam: string }[]): string {
  const rows = samples.map(({ sample, bam }) => [sample, bam].map(quoted).join(','));
  return ['sample,bam', ...rows, ''].join('\n');
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
