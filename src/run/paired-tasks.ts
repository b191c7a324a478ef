import { COHORT } from '../plan/plan.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { readSamples } from '../ledger/task-table.ts';

/** Keys of one sample's tasks in a run, by step; of the steps of all samples under the name `cohort`. */
export interface PairedTasks {
  name: string;
  tasks: Readonly<Record<string, { key: string }>>;
}

/**
 * What a run has planned, sample by sample; the cohort comes first.
 * @throws PipelineError `document-missing`, `document-changed`
 */
export async function readPairedTasks(store: Store, manifest: Manifest): Promise<PairedTasks[]> {
  const ofCohort = manifest.steps.flatMap(({ name, task }) => (task ? [[name, task] as const] : []));
  return [{ name: COHORT, tasks: Object.fromEntries(ofCohort) }, ...(await readSamples(store, manifest))];
}
