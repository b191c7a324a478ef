import type { Annotation, Gene, Transcript } from './annotation.ts';
import { gtfLine } from './gtf.ts';
import { openTextWriter } from './write-text.ts';

export interface WrittenAnnotation {
  genes: number;
  transcripts: number;
  /** Transcripts that pizzly considers without `--ignore-protein`. */
  proteinCoding: number;
  /**
   * Transcripts on the minus strand whose exons stood in genomic order: pizzly would have misplaced their junctions.
   */
  reordered: number;
  /** Gene and transcript rows that the file lacked. */
  addedRows: number;
}

/**
 * Writes the part of an annotation that pizzly needs, in the form it needs: only transcripts that have a sequence,
 * under the sequence's name, each gene before its transcripts and each transcript before its exons, exons in the order
 * of transcription.
 */
export async function writeAnnotation(
  { genes }: Annotation,
  names: ReadonlyMap<Transcript, string>,
  target: string,
): Promise<WrittenAnnotation> {
  const written: WrittenAnnotation = { genes: 0, transcripts: 0, proteinCoding: 0, reordered: 0, addedRows: 0 };
  const writer = openTextWriter(target);
  for (const gene of genes.values()) {
    const transcripts = gene.transcripts.filter((transcript) => names.has(transcript));
    if (transcripts.length === 0) continue;
    written.genes += 1;
    if (!gene.hasRow) written.addedRows += 1;
    await writer.write(geneLine(gene));
    for (const transcript of transcripts) {
      count(written, transcript);
      await writer.write(transcriptLines(gene, transcript, names.get(transcript) as string));
    }
  }
  await writer.close();
  return written;
}

/** Quotes and semicolons would be taken for syntax. */
function clean(value: string): string {
  return value.replace(/[";\t]/g, '_');
}

function geneLine(gene: Gene): string {
  const attributes = {
    gene_id: clean(gene.id),
    gene_name: clean(gene.name),
    gene_biotype: clean(gene.biotype),
  };
  return gtfLine({ ...gene, source: 'reference', feature: 'gene' }, attributes);
}

function transcriptLines(gene: Gene, transcript: Transcript, name: string): string {
  const { chromosome, strand } = transcript;
  const ids = { gene_id: clean(gene.id), transcript_id: name };
  const exons = inTranscriptionOrder(transcript);
  const start = Math.min(...exons.map(([first]) => first));
  const end = Math.max(...exons.map(([, last]) => last));
  const row = { chromosome, strand, source: 'reference' };
  return [
    gtfLine({ ...row, start, end, feature: 'transcript' }, { ...ids, transcript_biotype: clean(transcript.biotype) }),
    ...exons.map(([from, to]) => gtfLine({ ...row, start: from, end: to, feature: 'exon' }, ids)),
  ].join('');
}

/** From 5' to 3': ascending on the plus strand, descending on the minus strand. */
function inTranscriptionOrder({ exons, strand }: Transcript): Transcript['exons'] {
  return exons.toSorted(([a], [b]) => (strand === '-' ? b - a : a - b));
}

function count(written: WrittenAnnotation, transcript: Transcript): void {
  written.transcripts += 1;
  if (transcript.biotype === 'protein_coding') written.proteinCoding += 1;
  if (!transcript.hasRow) written.addedRows += 1;
  if (inTranscriptionOrder(transcript).some((exon, i) => exon !== transcript.exons[i])) written.reordered += 1;
}
