import { BadFile } from './bad-file.ts';
import { lastByte } from './last-byte.ts';
import { lineBatches, type ReadOptions } from './text.ts';

/** First line of kallisto's `fusion.txt`. */
export const FUSION_TXT_HEADER = 'TYPE\tNAME1\tSEQ1\tKPOS1\tNAME2\tSEQ2\tKPOS2\tINFO\tPOS1\tPOS2';

export interface FusionTxtSummary {
  /** Read pairs whose mates lie in two genes. */
  pairs: number;
  /** Read pairs with one mate across a junction. */
  splits: number;
}

const INTERVAL = /^-?\d+,-?\d+$/;
const SPLIT_INFO = /^splitat=\([01],\d+\)$/;
/** pizzly silently skips records whose names have other characters; `reference` replaces them. */
const POSITIONS = /^\([\w.]+,-?\d+,(?:FW|RC)\)(?:;\([\w.]+,-?\d+,(?:FW|RC)\))*$/;

/**
 * Reads a `fusion.txt` (kallisto 0.43.1 to 0.52, src/Fusion.hpp) and passes on its records unchanged. If kallisto
 * fails, it leaves the file truncated, and pizzly treats such a file as one without fusions.
 * @throws BadFile for a missing header, an incomplete record or a last line without its end.
 */
export async function readFusionTxt(
  path: string,
  onRecords: (records: readonly string[]) => Promise<void> | void,
  options: ReadOptions = {},
): Promise<FusionTxtSummary> {
  const summary: FusionTxtSummary = { pairs: 0, splits: 0 };
  let line = 0;
  for await (const batch of lineBatches(path, options)) {
    const records = line === 0 ? withoutHeader(path, batch) : batch;
    line += batch.length - records.length;
    for (const record of records) {
      line += 1;
      const problem = recordProblem(record);
      if (problem) throw new BadFile(path, `is incomplete: line ${line} ${problem}`, INCOMPLETE);
      if (record.startsWith('P')) summary.pairs += 1;
      else summary.splits += 1;
    }
    if (records.length > 0) await onRecords(records);
  }
  if (line === 0) throw new BadFile(path, 'is empty, not even its header is there', INCOMPLETE);
  if (lastByte(path) !== '\n') throw new BadFile(path, 'ends in the middle of a line', INCOMPLETE);
  return summary;
}

const INCOMPLETE = 'kallisto did not finish writing it. Look at its messages in the log.';

function withoutHeader(path: string, lines: readonly string[]): string[] {
  if (lines[0] !== FUSION_TXT_HEADER) throw new BadFile(path, 'is no fusion.txt: its header is missing', INCOMPLETE);
  return lines.slice(1);
}

/** The problem with a record, if any. A PAIR has an empty field before its `NA`, a SPLIT has none. */
export function recordProblem(record: string): string | undefined {
  const fields = record.split('\t');
  const isPair = fields[0] === 'PAIR';
  if (!isPair && fields[0] !== 'SPLIT') return `begins with "${(fields[0] ?? '').slice(0, 20)}", not PAIR or SPLIT`;
  if (fields.length !== (isPair ? 11 : 10)) return `has ${fields.length} fields`;
  const [, name1, , kmer1 = '', name2, , kmer2 = ''] = fields;
  const [info = '', positions1 = '', positions2 = ''] = fields.slice(-3);
  if (!name1 || !name2) return 'lacks the name of a read';
  if (!INTERVAL.test(kmer1) || !INTERVAL.test(kmer2)) return 'has no k-mer position where one must be';
  if (isPair ? info !== 'NA' : !SPLIT_INFO.test(info)) return `has "${info.slice(0, 20)}" where the split must be`;
  if (!POSITIONS.test(positions1) || !POSITIONS.test(positions2)) return 'has an incomplete list of positions';
  return undefined;
}
