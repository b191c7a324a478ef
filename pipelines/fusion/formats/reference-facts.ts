import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BadFile } from './bad-file.ts';

const source = z.object({ file: z.string(), sha256: z.string() });

const referenceFacts = z.object({
  version: z.literal(1),
  k: z.number().int(),
  kallisto: z.object({ version: z.string(), indexFormat: z.number().int() }),
  sources: z.object({ fasta: source, gtf: source }),
  fasta: z.object({
    sequences: z.number().int(),
    bases: z.number().int(),
    /** Names changed for pizzly. */
    renamed: z.number().int(),
    /** Sequences missing from the annotation: quantified, never part of a fusion. */
    unannotated: z.number().int(),
  }),
  gtf: z.object({
    genes: z.number().int(),
    transcripts: z.number().int(),
    proteinCoding: z.number().int(),
    /** Transcripts whose exons were not in transcription order. */
    reordered: z.number().int(),
    /** Gene and transcript rows that the file lacked. */
    addedRows: z.number().int(),
    repeatedRows: z.number().int(),
    /** Transcripts whose exons are together longer or shorter than the sequence. */
    otherLength: z.number().int(),
    /** Transcripts without a sequence, left out. */
    withoutSequence: z.number().int(),
  }),
});
/** The content of `reference.json`. */
export type ReferenceFacts = z.infer<typeof referenceFacts>;

/** @throws BadFile if it is not one. */
export function readReferenceFacts(path: string): ReferenceFacts {
  const { data } = referenceFacts.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!data) throw new BadFile(path, 'is no reference.json of this version');
  return data;
}
