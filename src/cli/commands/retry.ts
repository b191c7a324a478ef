import { ExitCode } from '../../errors.ts';
import { openRun } from '../../run/run.ts';
import { driveRun } from '../drive-run.ts';
import { notice, printJson } from '../print.ts';
import { showEvent } from '../show-event.ts';
import { commandWith, type EngineFlags, openSession, storeUrl } from '../session.ts';

/** `batch-pipeline retry [RUN]`: another submission over the run's own manifest. */
export async function retryCommand(
  name: string | undefined,
  flags: EngineFlags & { store?: string; json?: boolean; watch?: boolean },
): Promise<ExitCode> {
  const run = await openRun(await openSession(storeUrl(flags)), name);
  if (!(await run.retry({ engineFlags: flags, engineOptions: flags.engineOption, onEvent: showEvent }))) {
    if (flags.json) printJson({ kind: 'nothing-to-retry', run: run.id });
    else notice(`Run ${run.id} has nothing to retry.`);
    return ExitCode.ok;
  }
  if (run.isHere || flags.watch) return driveRun(run, { json: flags.json ?? false, command: commandWith(flags) });
  notice(`next: ${commandWith(flags)} status ${run.id} --watch`);
  return ExitCode.ok;
}
