import { z } from 'zod';
import { runKeys } from '../record/keys.ts';
import type { JobDocument } from '../record/manifest.ts';
import { parseDocument } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';

/** A job and the engine's name for it. */
export interface SubmittedJob {
  job: JobDocument;
  jobId: string;
}

/** What `submitted/<job>.json` of a run holds. */
const submittedNote = z.object({
  jobId: z.string(),
  /** Of a gather that was submitted, or submitted again, once everything before it was over. */
  late: z.boolean().optional(),
});
type SubmittedNote = z.infer<typeof submittedNote>;

/** What was noted of a job; `undefined` where it was not submitted, or its id was lost with the process. */
export async function readNote(store: Store, run: string, job: string): Promise<SubmittedNote | undefined> {
  const key = runKeys.submitted(run, job);
  const body = await store.read(key);
  return body && parseDocument(submittedNote, key, body);
}

export async function writeNote(store: Store, run: string, job: string, note: SubmittedNote): Promise<void> {
  await store.write(runKeys.submitted(run, job), JSON.stringify(note));
}
