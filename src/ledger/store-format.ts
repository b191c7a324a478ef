import { z } from 'zod';
import { formatKey } from '../record/keys.ts';
import { newerDocument, parsedJson } from '../record/parse-document.ts';
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
