import { z } from 'zod';
import { runKeys } from '../record/keys.ts';
import { readableDocument } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';
import type { RunSummary } from './events.ts';

const finishedRun = z.object({ submission: z.number().optional() });

/** Records that everything submitted of a run has finished; a later submission reopens the run. */
export async function writeFinished(store: Store, run: string, summary: RunSummary, submission: number): Promise<void> {
  await store.write(runKeys.finished(run), JSON.stringify({ ...summary, submission }));
}

/** True where the run is recorded as finished as of this submission. */
export async function isFinished(store: Store, run: string, submission: number): Promise<boolean> {
  const body = await store.read(runKeys.finished(run));
  if (!body) return false;
  // Older versions wrote no submission.
  const { submission: finished = submission } = readableDocument(finishedRun, body) ?? {};
  return finished >= submission;
}
