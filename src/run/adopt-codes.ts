import type { Identities } from '../pipeline/code-identity.ts';
import type { Held, HeldStep } from '../record/held.ts';
import { type CodeNote, codeNoteKey, codeNotesPrefix, parseCodeNoteKey } from '../record/keys.ts';
import { codeDigits, partDigits } from '../record/task-key.ts';
import type { Store } from '../store/store.ts';

/** The steps of whose code the store holds results under digits of an earlier build. */
export interface AdoptedCodes {
  /** By step: the digits to go on with. */
  digits: Readonly<Record<string, string>>;
  /** What is to be written down, so that a later edit of a comment does not undo it. */
  notes: readonly CodeNote[];
}

/**
 * Results of an earlier build are results of the same code, if that build would still call it the same. Once that is
 * noted, the same digits are never taken for other code: earlier builds did not see every edit.
 */
export async function adoptCodes(
  store: Store,
  pipeline: string,
  identities: Identities,
  held: Held,
): Promise<AdoptedCodes> {
  const steps = Object.entries(identities).flatMap(([step, { code, legacy }]) => {
    const now = partDigits(code);
    const earlier = heldCodes(held.get(step)).filter((digits) => digits !== now);
    return legacy === undefined || earlier.length === 0 ? [] : [{ step, now, earlier, legacy: partDigits(legacy) }];
  });
  if (steps.length === 0) return { digits: {}, notes: [] };
  const known = await listNotes(store, pipeline);
  const digits: Record<string, string> = {};
  const notes: CodeNote[] = [];
  for (const { step, now, earlier, legacy } of steps) {
    const ofStep = known.filter((note) => note.step === step);
    const isOnly = (note: CodeNote) => ofStep.every((other) => other.earlier !== note.earlier || other.now === now);
    const noted = ofStep.find((note) => note.now === now && earlier.includes(note.earlier) && isOnly(note));
    const isNew = !noted && earlier.includes(legacy) && !ofStep.some((note) => note.earlier === legacy);
    if (noted) digits[step] = noted.earlier;
    if (!isNew) continue;
    digits[step] = legacy;
    notes.push({ step, earlier: legacy, now });
  }
  return { digits, notes };
}

/** Records what was adopted; called before anything is built on it. */
export async function noteAdopted(store: Store, pipeline: string, notes: readonly CodeNote[]): Promise<void> {
  await Promise.all(notes.map((note) => store.create(codeNoteKey(pipeline, note), '')));
}

/** The digits for code in the keys of what has succeeded. */
function heldCodes(held: HeldStep | undefined): string[] {
  const succeeded = held?.samples.values().flatMap((sample) => sample.succeeded) ?? [];
  return [...new Set(Iterator.from(succeeded).map(codeDigits))];
}

async function listNotes(store: Store, pipeline: string): Promise<CodeNote[]> {
  const notes: CodeNote[] = [];
  for await (const page of store.list(codeNotesPrefix(pipeline)))
    for (const { key } of page) notes.push(...[parseCodeNoteKey(key)].filter((note) => note !== undefined));
  return notes;
}
