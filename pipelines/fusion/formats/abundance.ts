import { BadFile } from './bad-file.ts';
import { lineBatches } from './text.ts';

const HEADER = 'target_id\tlength\teff_length\test_counts\ttpm';

export interface AbundanceRow {
  target: string;
  length: number;
  effectiveLength: number;
  /** As written: numbers are not reformatted. */
  counts: string;
}

/**
 * Reads kallisto's `abundance.tsv` or one of its `bs_abundance_N.tsv`.
 * @throws BadFile if it is not one, or is truncated.
 */
export async function* readAbundance(path: string): AsyncGenerator<AbundanceRow[]> {
  let isFirst = true;
  for await (const lines of lineBatches(path)) {
    if (isFirst && lines[0] !== HEADER) throw new BadFile(path, 'is no abundance table of kallisto');
    const rows = isFirst ? lines.slice(1) : lines;
    isFirst = false;
    yield rows.filter(Boolean).map((line) => parseRow(path, line));
  }
  if (isFirst) throw new BadFile(path, 'is empty');
}

function parseRow(path: string, line: string): AbundanceRow {
  const [target, length, effectiveLength, counts, tpm] = line.split('\t');
  if (!target || !counts || !tpm) throw new BadFile(path, `has an incomplete line: ${line.slice(0, 60)}`);
  return { target, length: Number(length), effectiveLength: Number(effectiveLength), counts };
}
