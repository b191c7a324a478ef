import { messageOf } from '../errors.ts';
import { listRuns as listRunIds, readManifest } from '../ledger/run-store.ts';
import { runKeys } from '../record/keys.ts';
import type { Workspace } from './workspace.ts';

/** What a list of runs shows. */
export interface ListedRun {
  run: string;
  pipeline: string;
  engine: string;
  /** ISO 8601. */
  createdAt: string;
  samples: number;
}

/** The store's runs, oldest first; and those whose manifest cannot be read, with the reason. */
export async function listRuns({ store }: Workspace): Promise<{ runs: ListedRun[]; unreadable: UnreadableRun[] }> {
  const runs: ListedRun[] = [];
  const unreadable: UnreadableRun[] = [];
  for (const run of await listRunIds(store)) {
    // A run whose start was interrupted has an id and no manifest.
    if (!(await store.head(runKeys.manifest(run)))) continue;
    try {
      const { pipeline, engine, createdAt, sampleCount } = await readManifest(store, run);
      runs.push({ run, pipeline, engine, createdAt, samples: sampleCount });
    } catch (error) {
      unreadable.push({ run, message: messageOf(error) });
    }
  }
  return { runs, unreadable };
}

export interface UnreadableRun {
  run: string;
  message: string;
}
