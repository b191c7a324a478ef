import { hash } from 'node:crypto';
import { PipelineError } from '../errors.ts';
import { runKeys } from '../record/keys.ts';
import type { Prepared } from './prepare.ts';
import { latestRuns, nameOfRun, readManifest } from '../ledger/run-store.ts';

/** Stands for the samples and the keys of all tasks: two runs of one pipeline with the same digest have the same results. */
export function planDigest({ samples, plan }: Pick<Prepared, 'samples' | 'plan'>): string {
  const lines = plan.flatMap(({ step, keys }) => [step.name, ...keys]);
  return hash('sha256', [...samples.map(({ name }) => name), '', ...lines].join('\n'));
}

/**
 * True if the store's latest run is of exactly these samples and tasks. Only then is there nothing to write down where
 * nothing is to be done: otherwise `status` and `results` would tell of another run than the one just asked for.
 * @param name first part of the run's id, where the user has said one
 */
export async function isLatestRun(prepared: Prepared, name?: string): Promise<boolean> {
  const { store, loaded } = prepared.request;
  for (const run of await latestRuns(store)) {
    // A run whose start was interrupted has an id and no manifest.
    if (!(await store.head(runKeys.manifest(run)))) continue;
    try {
      const { pipeline, plan } = await readManifest(store, run);
      if (name !== undefined && nameOfRun(run) !== name) return false;
      return pipeline === loaded.pipeline.name && plan === planDigest(prepared);
    } catch (error) {
      if (error instanceof PipelineError) return false;
      throw error;
    }
  }
  return false;
}
