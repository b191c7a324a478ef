import { ExitCode, messageOf } from '../../errors.ts';
import { runKeys } from '../../record/keys.ts';
import { listRuns, readManifest } from '../../ledger/run-store.ts';
import { columns } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

/** `batch-pipeline runs` */
export async function runsCommand(flags: { store?: string; json?: boolean }): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const runs = [];
  for (const run of await listRuns(store)) {
    // A run whose start was interrupted has an id and no manifest.
    if (!(await store.head(runKeys.manifest(run)))) continue;
    try {
      const { pipeline, engine, createdAt, sampleCount } = await readManifest(store, run);
      runs.push({ run, pipeline, engine, createdAt, samples: sampleCount });
    } catch (error) {
      notice(`warning: run ${run}: ${messageOf(error)}`);
    }
  }
  if (flags.json) printJson(runs);
  else if (runs.length === 0) notice(`The store ${store.url} has no run yet.`);
  else
    print(
      columns([
        ['run', 'pipeline', 'engine', 'started', 'samples'],
        ...runs.map((run) => Object.values(run).map(String)),
      ]),
    );
  return ExitCode.ok;
}
