import { BadFile } from './bad-file.ts';
import { gtfAttribute, type GtfRow, isGff3, parseGtfLine } from './gtf.ts';
import { ownString } from './own-string.ts';
import { lineBatches, type ReadOptions } from './text.ts';

export interface Gene {
  /** With its version if the GTF has one, joined as pizzly does. */
  id: string;
  name: string;
  chromosome: string;
  strand: string;
  start: number;
  end: number;
  biotype: string;
  transcripts: Transcript[];
  /** False if the GTF has no gene row and the gene was derived from its transcripts. */
  hasRow: boolean;
}

export interface Transcript {
  /** As in the GTF, with its version if it has one. */
  id: string;
  geneId: string;
  chromosome: string;
  strand: string;
  /** Empty if the GTF does not state it. */
  biotype: string;
  /** Name of its gene, for genes that have no row. */
  geneName: string;
  /** Start and end of every exon, in the order of the file; from 1, both included. */
  exons: [start: number, end: number][];
  hasRow: boolean;
}

export interface Annotation {
  genes: Map<string, Gene>;
  transcripts: Map<string, Transcript>;
  /** Redundant rows. */
  repeatedRows: number;
}

/**
 * Reads genes, transcripts and exons of a GTF, gzipped or not, whatever their order, and derives the gene and
 * transcript rows that some files lack (pizzly would abort on those). Takes some 100 bytes per exon: 400 MB for the
 * whole human annotation.
 * @throws BadFile for GFF3, rows without ids, and rows that contradict each other.
 */
export async function readAnnotation(path: string, options: ReadOptions = {}): Promise<Annotation> {
  const annotation: Annotation = { genes: new Map(), transcripts: new Map(), repeatedRows: 0 };
  let line = 0;
  for await (const lines of lineBatches(path, options)) {
    for (const text of lines) {
      line += 1;
      const row = parseGtfLine(text);
      const problem = row && addRow(annotation, row);
      if (problem) throw new BadFile(path, `line ${line}: ${problem}`);
    }
  }
  if (annotation.transcripts.size === 0) throw new BadFile(path, 'has no transcripts', 'Give a GTF with exon rows.');
  joinGenes(path, annotation);
  return annotation;
}

/** Returns the problem with the row, if any. */
function addRow(annotation: Annotation, row: GtfRow): string | undefined {
  if (isGff3(row.attributes)) return 'this is GFF3; convert it first: gffread -T annotation.gff3 -o annotation.gtf';
  if (!(row.start >= 1 && row.end >= row.start)) return `an interval from ${row.start} to ${row.end}`;
  if (row.strand !== '+' && row.strand !== '-' && row.feature === 'exon') return `strand "${row.strand}"`;
  const geneId = versioned(row.attributes, 'gene');
  if (!geneId) return 'no gene_id';
  if (row.feature === 'gene') return addGene(annotation, row, geneId);
  const id = versioned(row.attributes, 'transcript');
  if (!id) return 'no transcript_id';
  return row.feature === 'transcript'
    ? addTranscript(annotation, row, id, geneId)
    : addExon(annotation, row, id, geneId);
}

/** Joins id and version as pizzly does: only if the id has no dot yet. */
function versioned(attributes: string, kind: 'gene' | 'transcript'): string | undefined {
  const id = gtfAttribute(attributes, `${kind}_id`);
  const version = gtfAttribute(attributes, `${kind}_version`);
  return id && version && !id.includes('.') ? `${id}.${version}` : id;
}

function addGene(annotation: Annotation, row: GtfRow, id: string): string | undefined {
  const known = annotation.genes.get(id);
  if (known) {
    annotation.repeatedRows += 1;
    const isSame = known.chromosome === row.chromosome && known.start === row.start && known.end === row.end;
    return isSame ? undefined : `gene ${id} was at another place before`;
  }
  const { chromosome, strand, start, end, attributes } = row;
  const key = ownString(id);
  annotation.genes.set(key, {
    id: key,
    name: ownString(gtfAttribute(attributes, 'gene_name') || id),
    chromosome: ownString(chromosome),
    strand,
    start,
    end,
    biotype: biotypeOf(attributes, 'gene'),
    transcripts: [],
    hasRow: true,
  });
  return undefined;
}

/** Ensembl uses biotype, GENCODE type; empty if neither exists. RefSeq's name for a coding transcript is mRNA. */
function biotypeOf(attributes: string, kind: 'gene' | 'transcript'): string {
  const biotype = gtfAttribute(attributes, `${kind}_biotype`) ?? gtfAttribute(attributes, `${kind}_type`) ?? '';
  return biotype === 'mRNA' ? 'protein_coding' : ownString(biotype);
}

/** Ensembl up to 76 has a transcript's biotype in the second column. */
function transcriptBiotype({ attributes, source }: GtfRow): string {
  return biotypeOf(attributes, 'transcript') || (/^protein_coding$|pseudogene/.test(source) ? ownString(source) : '');
}

function addTranscript(annotation: Annotation, row: GtfRow, id: string, geneId: string): string | undefined {
  const transcript = transcriptFor(annotation, row, id, geneId);
  if (typeof transcript === 'string') return transcript;
  if (transcript.hasRow) annotation.repeatedRows += 1;
  transcript.hasRow = true;
  transcript.biotype ||= transcriptBiotype(row);
  return undefined;
}

function addExon(annotation: Annotation, row: GtfRow, id: string, geneId: string): string | undefined {
  const transcript = transcriptFor(annotation, row, id, geneId);
  if (typeof transcript === 'string') return transcript;
  if (transcript.exons.some(([start, end]) => start === row.start && end === row.end)) {
    annotation.repeatedRows += 1;
    return undefined;
  }
  transcript.exons.push([row.start, row.end]);
  return undefined;
}

/** The row's transcript, new or known; a message if it contradicts an earlier row. */
function transcriptFor(annotation: Annotation, row: GtfRow, id: string, geneId: string): Transcript | string {
  const known = annotation.transcripts.get(id);
  if (known) {
    const isSame = known.geneId === geneId && known.chromosome === row.chromosome && known.strand === row.strand;
    return isSame ? known : `transcript ${id} was at another place or in another gene before`;
  }
  const transcript: Transcript = {
    id: ownString(id),
    geneId: ownString(geneId),
    chromosome: ownString(row.chromosome),
    strand: row.strand,
    biotype: transcriptBiotype(row),
    geneName: ownString(gtfAttribute(row.attributes, 'gene_name') ?? ''),
    exons: [],
    hasRow: false,
  };
  annotation.transcripts.set(transcript.id, transcript);
  return transcript;
}

/** Assigns every transcript its gene, derived from the transcripts if the GTF has no row for it. */
function joinGenes(path: string, { genes, transcripts }: Annotation): void {
  for (const transcript of transcripts.values()) {
    const { id, geneId, chromosome, strand, exons } = transcript;
    if (exons.length === 0) throw new BadFile(path, `has transcript ${id} without exons`);
    const gene = genes.get(geneId) ?? newGene(transcript);
    if (gene.chromosome !== chromosome) {
      throw new BadFile(path, `has gene ${geneId} on ${gene.chromosome} and on ${chromosome}`, 'Give them two ids.');
    }
    if (!gene.hasRow) widen(gene, transcript);
    if (gene.strand !== '+' && gene.strand !== '-') gene.strand = strand;
    genes.set(geneId, gene);
    gene.transcripts.push(transcript);
  }
  for (const gene of genes.values()) fillBiotypes(gene);
}

function newGene({ geneId, geneName, chromosome, strand }: Transcript): Gene {
  const place = { chromosome, strand, start: Number.POSITIVE_INFINITY, end: 0 };
  return { id: geneId, name: geneName || geneId, ...place, biotype: '', transcripts: [], hasRow: false };
}

function widen(gene: Gene, { exons }: Transcript): void {
  for (const [start, end] of exons) {
    gene.start = Math.min(gene.start, start);
    gene.end = Math.max(gene.end, end);
  }
}

/** A gene with a coding transcript is a coding gene, and a transcript of unknown type has the type of its gene. */
function fillBiotypes(gene: Gene): void {
  const biotypes = gene.transcripts.map(({ biotype }) => biotype);
  gene.biotype ||= biotypes.includes('protein_coding') ? 'protein_coding' : (biotypes.find(Boolean) ?? '');
  for (const transcript of gene.transcripts) transcript.biotype ||= gene.biotype;
}
