import type { Annotation } from './formats/annotation.ts';
import { BadFile } from './formats/bad-file.ts';
import type { NormalisedTranscripts } from './formats/normalise-transcripts.ts';

/** Mixed releases affect at least this share of transcripts; single mismatches occur within a release. */
const OTHER_VERSION_SHARE = 0.01;
/** Some 10 % of Ensembl's cDNA transcripts are on patches and haplotypes that the plain GTF omits. */
const UNANNOTATED_SHARE = 0.5;
/**
 * Poly-A tails and small differences from the genome make some transcripts longer; within one release most match
 * exactly.
 */
const OTHER_LENGTH_SHARE = 0.5;

/**
 * Checks that sequences and annotation belong together. Otherwise pizzly finds nothing or misplaces junctions, and
 * reports success.
 * @throws BadFile about the GTF.
 */
export function assertAgreement(gtf: string, annotation: Annotation, found: NormalisedTranscripts): void {
  const { sequences, unannotated, otherVersion, otherLength, names, examples } = found;
  if (otherVersion > sequences * OTHER_VERSION_SHARE) {
    const problem = `has other versions of ${otherVersion} of the FASTA file's ${sequences} transcripts`;
    throw new BadFile(gtf, `${problem} (${examples.otherVersion})`, 'Give FASTA and GTF of the same release.');
  }
  if (unannotated > sequences * UNANNOTATED_SHARE) {
    const [known] = annotation.transcripts.keys();
    const problem = `does not know ${unannotated} of the FASTA file's ${sequences} transcripts`;
    throw new BadFile(gtf, `${problem}, such as ${examples.unannotated}; it has names like ${known}`, OTHER_NAMES);
  }
  if (otherLength > names.size * OTHER_LENGTH_SHARE) {
    const problem = `has exons of other lengths than the sequences of ${otherLength} of ${names.size} transcripts`;
    throw new BadFile(gtf, problem, 'Give FASTA and GTF of the same release, and spliced transcripts (cDNA).');
  }
}

const OTHER_NAMES = 'Give a FASTA of transcripts (cDNA, not the genome) and a GTF of the same source and release.';

/** Warnings about a usable reference. */
export function agreementRemarks(found: NormalisedTranscripts, written: { proteinCoding: number; reordered: number }) {
  const remarks: [number | boolean, string][] = [
    [found.unannotated, `${found.unannotated} sequences have no annotation: they can be no part of a fusion`],
    [found.renamed, `${found.renamed} names were changed: pizzly reads letters, digits, "_" and "." only`],
    [found.otherLength, `${found.otherLength} transcripts differ in length from their exons`],
    [written.reordered, `${written.reordered} transcripts had their exons put into the order of transcription`],
    [
      written.proteinCoding === 0,
      'No transcript is protein-coding: pizzly finds nothing without -p ignoreProtein=true',
    ],
  ];
  return remarks.filter(([applies]) => applies).map(([, text]) => text);
}
