import { BadFile } from './bad-file.ts';
import { lineBatches, type ReadOptions } from './text.ts';

export interface FastaRecord {
  /** The header without `>`. */
  header: string;
  /** Bases. */
  length: number;
  /** Lines of the sequence, unchanged. */
  lines: string[];
}

/**
 * Reads a FASTA file, gzipped or not, record by record.
 * @throws BadFile for text before the first header and for a record without a sequence.
 */
export async function* readFasta(path: string, options: ReadOptions = {}): AsyncGenerator<FastaRecord> {
  let record: FastaRecord | undefined;
  for await (const lines of lineBatches(path, options)) {
    for (const line of lines) {
      if (line.startsWith('>')) {
        if (record) yield whole(path, record);
        record = { header: line.slice(1), length: 0, lines: [] };
      } else if (line !== '') {
        if (!record) throw new BadFile(path, 'is no FASTA: it does not begin with ">"');
        record.lines.push(line);
        record.length += line.length;
      }
    }
  }
  if (!record) throw new BadFile(path, 'has no sequences');
  yield whole(path, record);
}

/** Name of a sequence: up to the first blank, and in GENCODE's headers up to the first `|`. */
export function fastaName(header: string): string {
  return header.split(/[\s|]/, 1)[0] ?? '';
}

function whole(path: string, record: FastaRecord): FastaRecord {
  if (record.length === 0) throw new BadFile(path, `has no sequence for ${fastaName(record.header)}`);
  return record;
}
