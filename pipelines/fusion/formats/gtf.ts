/** The rows of a GTF that describe transcripts; pizzly reads no others. */
export interface GtfRow {
  feature: 'gene' | 'transcript' | 'exon';
  chromosome: string;
  source: string;
  /** Counted from 1, both included. */
  start: number;
  end: number;
  strand: string;
  /** The ninth column, unparsed. */
  attributes: string;
}

/**
 * Parses a line of a GTF (GTF 2.2, as Ensembl and GENCODE write it); `undefined` for comments, blank lines and rows of
 * other features. Fields are not checked.
 */
export function parseGtfLine(line: string): GtfRow | undefined {
  if (line.startsWith('#')) return undefined;
  const featureAt = line.indexOf('\t', line.indexOf('\t') + 1) + 1;
  const feature = line.slice(featureAt, line.indexOf('\t', featureAt));
  if (feature !== 'gene' && feature !== 'transcript' && feature !== 'exon') return undefined;
  const [chromosome = '', source = '', , start, end, , strand = '', , attributes = ''] = line.split('\t');
  return { feature, chromosome, source, start: Number(start), end: Number(end), strand, attributes };
}

/**
 * Value of an attribute: `gene_id "ENSG1"; gene_version "3"; level 2;`. Searches for one key only, since a human
 * annotation has millions of rows with twenty attributes each.
 */
export function gtfAttribute(attributes: string, key: string): string | undefined {
  for (let at = attributes.indexOf(key); at >= 0; at = attributes.indexOf(key, at + 1)) {
    const before = at === 0 ? ' ' : attributes[at - 1];
    const valueAt = at + key.length + 1;
    if ((before !== ' ' && before !== ';') || attributes[valueAt - 1] !== ' ') continue;
    if (attributes[valueAt] === '"') return attributes.slice(valueAt + 1, attributes.indexOf('"', valueAt + 1));
    const end = attributes.indexOf(';', valueAt);
    return attributes.slice(valueAt, end < 0 ? undefined : end).trim();
  }
  return undefined;
}

/** True for the ninth column of GFF3, `ID=exon:1;Parent=…`, which files named `.gtf` sometimes have. */
export function isGff3(attributes: string): boolean {
  return /^\w+=/.test(attributes.trim());
}

/** One row, with its line end. Values contain no quotes: they were read from between quotes. */
export function gtfLine(row: Omit<GtfRow, 'attributes'>, attributes: Readonly<Record<string, string>>): string {
  const text = Object.entries(attributes).map(([key, value]) => `${key} "${value}";`);
  const { chromosome, source, feature, start, end, strand } = row;
  return `${[chromosome, source, feature, start, end, '.', strand, '.', text.join(' ')].join('\t')}\n`;
}
