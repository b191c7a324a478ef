import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../errors.ts';
import { runKeys } from '../../record/keys.ts';
import { readHeartbeat } from '../../run/heartbeat.ts';
import { findRun } from '../../run/run-store.ts';
import { notice } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

const LOOK_MS = 300;

/** `batch-pipeline cancel [RUN]`: asks the process that drives the run, and waits until it has stopped. */
export async function cancelCommand(name: string | undefined, flags: { store?: string }): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const run = await findRun(store, name);
  if (!(await readHeartbeat(store, run))) {
    notice(`Run ${run} is not running.`);
    return ExitCode.ok;
  }
  await store.write(runKeys.cancelled(run), '{}\n');
  while (await readHeartbeat(store, run)) await sleep(LOOK_MS);
  notice(`Run ${run} is cancelled. What is finished stays; the same run command carries on.`);
  return ExitCode.ok;
}
