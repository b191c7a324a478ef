import { hash } from 'node:crypto';
import { z } from 'zod';
import { formatKey, inputNoteKey } from '../record/keys.ts';
import type { FileIdentity } from '../record/manifest.ts';
import { isNewer, newerDocument, parsedJson } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';

/**
 * The layout version that this program knows: raised when keys change so that an older program would misread a store.
 */
const FORMAT = 1;

const storeFormat = z.object({ format: z.number().int() });

/**
 * A store without a format document has the first layout. An unreadable store is not reported here: the next access
 * does that.
 * @throws PipelineError `document-newer` for a layout newer than this program
 */
export async function refuseNewerStore(store: Store): Promise<void> {
  const body = await store.read(formatKey).catch(() => undefined);
  const mark = storeFormat.safeParse(body && parsedJson(body));
  if (mark.success && mark.data.format > FORMAT) throw newerDocument(`The store ${store.url}`);
}

/** Called by the first writer into a store. */
export async function markStoreFormat(store: Store): Promise<void> {
  await store.create(formatKey, `${JSON.stringify({ format: FORMAT })}\n`);
}

/** Notes that one version of a user's file has the same content as an earlier input. */
const inputNote = z.object({
  version: z.literal(1),
  location: z.string(),
  size: z.number().int().nonnegative(),
  etag: z.string(),
  sha256: z.string(),
  /** By reading step: the identity of that earlier input. */
  countsAs: z.record(z.string(), z.string()),
});
export type InputNote = z.infer<typeof inputNote>;

type Seen = Pick<FileIdentity, 'location' | 'size' | 'etag'>;

function keyOf({ location, size, etag }: Seen): string {
  return inputNoteKey(hash('sha256', [location, size, etag].join('\0')));
}

/** The note for exactly this version of the file; `undefined` if there is none or it is unreadable. */
export async function readInputNote(store: Store, file: Seen): Promise<InputNote | undefined> {
  return noteIn(await store.read(keyOf(file)), file);
}

function noteIn(body: Uint8Array | undefined, file: Seen): InputNote | undefined {
  const { data: note } = inputNote.safeParse(body && parsedJson(body));
  return note?.location === file.location && note.size === file.size && note.etag === file.etag ? note : undefined;
}

/**
 * Saves reading these files again until they next change. Entries of an earlier note of the same content are kept for
 * other steps: all pipelines of a store share a file's note.
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
