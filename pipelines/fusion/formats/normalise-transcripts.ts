import type { Annotation, Transcript } from './annotation.ts';
import { BadFile } from './bad-file.ts';
import { fastaName, readFasta } from './fasta.ts';
import { nameMatcher, safeName } from './match-names.ts';
import { ownString } from './own-string.ts';
import type { ReadOptions } from './text.ts';
import { openTextWriter } from './write-text.ts';

export interface NormalisedTranscripts {
  /** Sequences. */
  sequences: number;
  /** Bases. */
  bases: number;
  /** Sequences missing from the annotation: kallisto uses them, pizzly ignores them. */
  unannotated: number;
  /** Of these, those that the annotation has in another version. */
  otherVersion: number;
  /** Names changed for pizzly. */
  renamed: number;
  /** Transcripts whose exons are together longer or shorter than the sequence. */
  otherLength: number;
  /** The name in the FASTA of every annotated transcript. */
  names: Map<Transcript, string>;
  /** One sequence of each kind, for messages. */
  examples: { unannotated?: string; otherVersion?: string };
}

/**
 * Copies a cDNA FASTA (plain or gzip) with names that both tools accept: GENCODE's `|` and descriptions are removed,
 * and characters that pizzly cannot read become `_`.
 * @throws BadFile for names that occur twice.
 */
export async function normaliseTranscripts(
  fasta: string,
  annotation: Annotation,
  target: string,
  options: ReadOptions = {},
): Promise<NormalisedTranscripts> {
  const counts = { sequences: 0, bases: 0, unannotated: 0, otherVersion: 0, renamed: 0, otherLength: 0 };
  const result: NormalisedTranscripts = { ...counts, names: new Map(), examples: {} };
  const match = nameMatcher(annotation);
  const seen = new Set<string>();
  const writer = openTextWriter(target);
  for await (const { header, length, lines } of readFasta(fasta, options)) {
    const original = fastaName(header);
    const name = ownString(safeName(original));
    if (seen.has(name)) throw new BadFile(fasta, `has two sequences called ${name}`, 'kallisto needs one name each.');
    seen.add(name);
    result.sequences += 1;
    result.bases += length;
    if (name !== original) result.renamed += 1;
    place(result, match(original), name, length);
    await writer.write(`>${name}\n${lines.join('\n')}\n`);
  }
  await writer.close();
  return result;
}

type Match = ReturnType<ReturnType<typeof nameMatcher>>;

function place(result: NormalisedTranscripts, match: Match, name: string, length: number): void {
  if (match.kind === 'match' && !result.names.has(match.transcript)) {
    result.names.set(match.transcript, name);
    if (splicedLength(match.transcript) !== length) result.otherLength += 1;
    return;
  }
  result.unannotated += 1;
  result.examples.unannotated ??= name;
  if (match.kind !== 'other-version') return;
  result.otherVersion += 1;
  result.examples.otherVersion ??= `${name} and ${match.transcript.id}`;
}

function splicedLength({ exons }: Transcript): number {
  return exons.reduce((sum, [start, end]) => sum + end - start + 1, 0);
}
