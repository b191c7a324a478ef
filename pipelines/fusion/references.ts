import { defineReferences } from '../../src/pipeline/inputs.ts';

/** Both of the same release: Ensembl's `cdna.all.fa.gz` and `gtf.gz`, or GENCODE's `transcripts.fa.gz` and `annotation.gtf.gz`. */
export const references = defineReferences({
  fasta: 'Transcript sequences (cDNA FASTA), gzipped or not',
  gtf: 'Annotation of these transcripts (GTF), gzipped or not',
});
