import { BadFile } from './bad-file.ts';
import type { PizzlyGenePair } from './pizzly-json.ts';
import { lineBatches } from './text.ts';

/** Columns of the flat table, as pizzly's own scripts/flatten_json.py names them. */
const GENE_TABLE_COLUMNS = [
  'geneA.name',
  'geneA.id',
  'geneB.name',
  'geneB.id',
  'paircount',
  'splitcount',
  'transcripts.list',
] as const;

/** The header line of the table, with its line end. */
export const GENE_TABLE_HEADER = `${GENE_TABLE_COLUMNS.join('\t')}\n`;

/** One line of the table, with its line end; gene pairs are in the order of the JSON. */
export function geneTableLine({ geneA, geneB, paircount, splitcount, transcripts }: PizzlyGenePair): string {
  const fields = [geneA.name, geneA.id, geneB.name, geneB.id, paircount, splitcount, transcripts.join(';')];
  return `${fields.join('\t')}\n`;
}

/** Parses such a table. @throws BadFile if it is not one. */
export async function readGeneTable(path: string, onRow: (row: PizzlyGenePair) => void): Promise<void> {
  let isFirst = true;
  for await (const lines of lineBatches(path)) {
    for (const line of lines) {
      if (isFirst && `${line}\n` !== GENE_TABLE_HEADER) throw new BadFile(path, 'is no table of fusions');
      if (!isFirst && line !== '') onRow(parseRow(path, line));
      isFirst = false;
    }
  }
  if (isFirst) throw new BadFile(path, 'is empty');
}

function parseRow(path: string, line: string): PizzlyGenePair {
  const fields = line.split('\t');
  if (fields.length !== GENE_TABLE_COLUMNS.length) throw new BadFile(path, `has a line of ${fields.length} fields`);
  const [nameA, idA, nameB, idB, pairs, splits, transcripts] = fields as [string, ...string[]] & { length: 7 };
  return {
    geneA: { id: idA as string, name: nameA },
    geneB: { id: idB as string, name: nameB as string },
    paircount: Number(pairs),
    splitcount: Number(splits),
    transcripts: (transcripts as string).split(';'),
  };
}
