import { z } from 'zod';
import { runKeys } from '../record/keys.ts';
import { readableDocument } from '../record/parse-document.ts';
import type { Store } from '../store/store.ts';
import type { RunSummary } from './events.ts';

const finishedRun = z.object({ submission: z.number().optional() });

/** Writes down that a run is over, as far as it was submitted: a later submission opens it again. */
export async function writeFinished(store: Store, run: string, summary: RunSummary, submission: number): Promise<void> {
  await store.write(runKeys.finished(run), JSON.stringify({ ...summary, submission }));
}

/** True where a run is written down as over, and this submission of it is meant by that. */
export async function isFinished(store: Store, run: string, submission: number): Promise<boolean> {
  const body = await store.read(runKeys.finished(run));
  if (!body) return false;
  // Older versions wrote no submission.
  const { submission: finished = submission } = readableDocument(finishedRun, body) ?? {};
  return finished >= submission;
}
