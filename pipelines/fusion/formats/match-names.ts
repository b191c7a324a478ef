import type { Annotation, Transcript } from './annotation.ts';

/** How a FASTA name matches the annotation. */
export type NameMatch =
  | { kind: 'match'; transcript: Transcript }
  /** Both have a version, and they differ: the files are of different releases. */
  | { kind: 'other-version'; transcript: Transcript }
  | { kind: 'none' };

/** pizzly silently skips transcripts whose names have other characters (`trslist_re` in FilterFusions.hpp). */
const UNSAFE = /[^\w.]/g;

/** The name that kallisto, pizzly and all results use. */
export function safeName(name: string): string {
  return name.replace(UNSAFE, '_');
}

/** Finds transcripts by their FASTA names: with version, or without if one of the two files has none. */
export function nameMatcher({ transcripts }: Annotation): (name: string) => NameMatch {
  const byBareId = new Map<string, Transcript>();
  for (const transcript of transcripts.values()) byBareId.set(bareId(transcript.id), transcript);
  return (name) => {
    const exact = transcripts.get(name);
    if (exact) return { kind: 'match', transcript: exact };
    const transcript = byBareId.get(bareId(name));
    if (!transcript) return { kind: 'none' };
    const bothVersioned = bareId(name) !== name && bareId(transcript.id) !== transcript.id;
    return { kind: bothVersioned ? 'other-version' : 'match', transcript };
  };
}

function bareId(id: string): string {
  return id.replace(/\.\d+$/, '');
}
