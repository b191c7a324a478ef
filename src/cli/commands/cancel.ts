import { ExitCode } from '../../errors.ts';
import { openRun } from '../../run/run.ts';
import { forgottenText } from '../../run/summarise.ts';
import { notice, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

/** `batch-pipeline cancel [RUN]`: resolves when nothing of the run can continue. */
export async function cancelCommand(
  name: string | undefined,
  flags: { store?: string; json?: boolean },
): Promise<ExitCode> {
  const run = await openRun(await openSession(storeUrl(flags)), name);
  try {
    const { cancelled, forgotten } = await run.cancel();
    if (forgotten > 0) notice(`warning: ${forgottenText(forgotten)}`);
    if (flags.json) printJson({ run: run.id, cancelled });
    notice(
      cancelled
        ? `Run ${run.id} is cancelled. What is finished stays; the same run command carries on.`
        : `Run ${run.id} is not running.`,
    );
    return ExitCode.ok;
  } finally {
    await run.close();
  }
}
