import { hash } from 'node:crypto';
import { z } from 'zod';
import { formatKey, inputNoteKey } from '../record/keys.ts';
import type { FileIdentity } from '../record/manifest.ts';
import { isNewer, newerDocument, parsedJson } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';

/** The layout that this program knows: raised when keys change so that a program of before would misread a store. */
const FORMAT = 1;

const storeFormat = z.object({ format: z.number().int() });

/**
 * A store without a mark has the first layout. One that cannot be looked at is left to whoever uses it next: they say why.
 * @throws PipelineError `document-newer` for a layout that only a later program knows
 */
export async function refuseNewerStore(store: Store): Promise<void> {
  const body = await store.read(formatKey).catch(() => undefined);
  const mark = storeFormat.safeParse(body && parsedJson(body));
  if (mark.success && mark.data.format > FORMAT) throw newerDocument(`The store ${store.url}`);
}

/** For whoever writes into a store first. */
export async function markStoreFormat(store: Store): Promise<void> {
  await store.create(formatKey, `${JSON.stringify({ format: FORMAT })}\n`);
}

/** That a file of the user's, as it was when somebody looked, has the content of an earlier input. */
const inputNote = z.object({
  version: z.literal(1),
  location: z.string(),
  size: z.number().int().nonnegative(),
  etag: z.string(),
  sha256: z.string(),
  /** By step that reads it: identity of that earlier input. */
  countsAs: z.record(z.string(), z.string()),
});
export type InputNote = z.infer<typeof inputNote>;

type Seen = Pick<FileIdentity, 'location' | 'size' | 'etag'>;

function keyOf({ location, size, etag }: Seen): string {
  return inputNoteKey(hash('sha256', [location, size, etag].join('\0')));
}

/** What is noted of exactly this version of the file; nothing if the note cannot be read. */
export async function readInputNote(store: Store, file: Seen): Promise<InputNote | undefined> {
  return noteIn(await store.read(keyOf(file)), file);
}

function noteIn(body: Uint8Array | undefined, file: Seen): InputNote | undefined {
  const { data: note } = inputNote.safeParse(body && parsedJson(body));
  return note?.location === file.location && note.size === file.size && note.etag === file.etag ? note : undefined;
}

/**
 * Nobody has to read these files again until they change once more. What an earlier note of the same content says of
 * other steps stays: all pipelines of a store share the note of a file.
 */
export async function writeInputNotes(store: Store, notes: readonly InputNote[]): Promise<void> {
  for (const note of notes) {
    const key = keyOf(note);
    const body = await store.read(key);
    if (body && isNewer(inputNote, parsedJson(body))) continue;
    const before = noteIn(body, note);
    const countsAs = { ...(before?.sha256 === note.sha256 ? before.countsAs : {}), ...note.countsAs };
    await store.write(key, JSON.stringify({ ...note, countsAs }));
  }
}
