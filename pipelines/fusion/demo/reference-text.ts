import { spanOf, versionedId, type Exon, type Gene, type Genome, type Transcript } from './genome.ts';

/** The transcriptome as Ensembl writes its cDNA files (headers: ftp README of Ensembl's fasta folder). */
export function fastaText(genome: Genome): string {
  const records = genome.genes.flatMap((gene) =>
    gene.transcripts.map((transcript) => `>${fastaHeader(gene, transcript)}\n${wrapped(transcript.sequence)}\n`),
  );
  return records.join('');
}

/** The annotation as Ensembl's GTF: gene, transcript and exon rows, exons in transcription order. */
export function gtfText(genome: Genome): string {
  return ['#!genome-build simulated', ...genome.genes.flatMap(geneRows), ''].join('\n');
}

function fastaHeader(gene: Gene, transcript: Transcript): string {
  const { start, end } = spanOf(transcript);
  return [
    versionedId(transcript),
    'cdna',
    `chromosome:SIM:${gene.chromosome}:${start}:${end}:${gene.strand === '+' ? 1 : -1}`,
    `gene:${versionedId(gene)}`,
    `gene_biotype:${gene.biotype}`,
    `transcript_biotype:${gene.biotype}`,
    `gene_symbol:${gene.name}`,
  ].join(' ');
}

/** Ensembl's lines have 60 letters. */
function wrapped(sequence: string): string {
  return (sequence.match(/.{1,60}/g) ?? []).join('\n');
}

function geneRows(gene: Gene): string[] {
  const [whole] = gene.transcripts;
  if (!whole) return [];
  const about = {
    gene_id: gene.id,
    gene_version: gene.version,
    gene_name: gene.name,
    gene_source: 'simulated',
    gene_biotype: gene.biotype,
  };
  return [
    row(gene, 'gene', spanOf(whole), about),
    ...gene.transcripts.flatMap((transcript) => transcriptRows(gene, transcript, about)),
  ];
}

type Attributes = Readonly<Record<string, string | number>>;

function transcriptRows(gene: Gene, transcript: Transcript, geneAttributes: Attributes): string[] {
  const about = {
    ...geneAttributes,
    transcript_id: transcript.id,
    transcript_version: transcript.version,
    transcript_name: transcript.name,
    transcript_source: 'simulated',
    transcript_biotype: gene.biotype,
  };
  return [
    row(gene, 'transcript', spanOf(transcript), about),
    ...transcript.exons.map((exon, i) => row(gene, 'exon', exon, { ...about, exon_number: i + 1 })),
  ];
}

function row(gene: Gene, feature: string, { start, end }: Exon, attributes: Attributes): string {
  const text = Object.entries(attributes).map(([name, value]) => `${name} "${value}";`);
  return [gene.chromosome, 'simulated', feature, start, end, '.', gene.strand, '.', text.join(' ')].join('\t');
}
