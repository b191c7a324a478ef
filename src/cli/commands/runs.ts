import { ExitCode } from '../../errors.ts';
import { listRuns } from '../../run/list-runs.ts';
import { columns } from '../../views/columns.ts';
import { notice, print, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

/** `batch-pipeline runs` */
export async function runsCommand(flags: { store?: string; json?: boolean }): Promise<ExitCode> {
  const workspace = await openSession(storeUrl(flags));
  const { runs, unreadable } = await listRuns(workspace);
  for (const { run, message } of unreadable) notice(`warning: run ${run}: ${message}`);
  if (flags.json) printJson(runs);
  else if (runs.length === 0) notice(`The store ${workspace.store.url} has no run yet.`);
  else
    print(
      columns([
        ['run', 'pipeline', 'engine', 'started', 'samples'],
        ...runs.map((run) => Object.values(run).map(String)),
      ]),
    );
  return ExitCode.ok;
}
