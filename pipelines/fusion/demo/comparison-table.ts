import { styleText } from 'node:util';
import type { Comparison, SampleComparison, Score } from './compare-with-truth.ts';

export interface TableOptions {
  /** Colours are used if this is a terminal that supports them (NO_COLOR, FORCE_COLOR); never without it. */
  stream?: NodeJS.WriteStream;
}

const HEADINGS = ['sample', 'put in', 'found', 'exact', 'wrong', 'recall', 'precision', ''];
const NOTHING = '–';

/** The final table of the demo: one line per sample and a last one for all samples. */
export function comparisonTable(comparison: Comparison, { stream }: TableOptions = {}): string {
  const rows = [
    HEADINGS,
    ...comparison.samples.map((sample) => [sample.sample, ...sampleCells(sample), remark(sample)]),
    ['all', ...cells(comparison.total), ''],
  ];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) => aligned(row, widths));
  return lines.map((line, i) => painted(line, i, comparison, stream)).join('\n');
}

function sampleCells(sample: SampleComparison): string[] {
  if (sample.finished) return cells(sample);
  const putIn = sample.expect === 'failure' ? NOTHING : `${sample.putIn}`;
  return [putIn, ...Array.from({ length: 5 }, () => NOTHING)];
}

function cells({ putIn, found, exact, located, wrong, recall, precision }: Score): string[] {
  return [
    `${putIn}`,
    `${found}`,
    located === 0 ? NOTHING : `${exact}`,
    `${wrong}`,
    percent(recall),
    percent(precision),
  ];
}

function remark({ expect, finished, missedPairs, wrongPairs }: SampleComparison): string {
  if (expect === 'failure') return finished ? 'broken, but got a result' : 'failed, as it should';
  if (!finished) return 'no result';
  return [
    ...(missedPairs.length > 0 ? [`missed ${missedPairs.join(', ')}`] : []),
    ...(wrongPairs.length > 0 ? [`wrong ${wrongPairs.join(', ')}`] : []),
  ].join('; ');
}

function percent(ratio: number | undefined): string {
  // Rounded down, so that 100 % means all.
  return ratio === undefined ? NOTHING : `${Math.floor(ratio * 100)} %`;
}

/** Names are left-aligned, numbers right-aligned. */
function aligned(row: readonly string[], widths: readonly number[]): string {
  const last = row.length - 1;
  const padded = row.map((cell, i) =>
    i === 0 || i === last ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
  );
  return padded.join('  ').trimEnd();
}

function painted(line: string, row: number, { samples, asExpected }: Comparison, stream?: NodeJS.WriteStream): string {
  if (!stream) return line;
  if (row === 0) return styleText('bold', line, { stream });
  const good = row <= samples.length ? samples[row - 1]?.asExpected : asExpected;
  return styleText(good ? 'green' : 'red', line, { stream });
}
