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

export interface ListedRuns {
  runs: ListedRun[];
  /** Runs whose manifest cannot be read, and why. */
  unreadable: { run: string; message: string }[];
}

/** The runs of the store, oldest first. */
export async function listRuns({ store }: Workspace): Promise<ListedRuns> {
  const listed: ListedRuns = { runs: [], unreadable: [] };
  for (const run of await listRunIds(store)) {
    // A run whose start was interrupted has an id and no manifest.
    if (!(await store.head(runKeys.manifest(run)))) continue;
    try {
      const { pipeline, engine, createdAt, sampleCount } = await readManifest(store, run);
      listed.runs.push({ run, pipeline, engine, createdAt, samples: sampleCount });
    } catch (error) {
      listed.unreadable.push({ run, message: messageOf(error) });
    }
  }
  return listed;
}
