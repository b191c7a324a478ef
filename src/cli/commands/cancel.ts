import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../errors.ts';
import type { JobStatus } from '../../engine/engine.ts';
import { runKeys } from '../../record/keys.ts';
import { readHeartbeat } from '../../ledger/heartbeat.ts';
import type { Manifest } from '../../record/manifest.ts';
import { isCutShort, jobsOfRun } from '../../run/resume.ts';
import { findRun, readManifest } from '../../ledger/run-store.ts';
import { readTaskTable, waitingTasks } from '../../ledger/task-table.ts';
import { forgottenText, isOver, settleRun } from '../../run/watch.ts';
import type { Store } from '../../store/store.ts';
import { openEngineOfRun } from '../engines.ts';
import { notice, printJson } from '../print.ts';
import { openSession, storeUrl } from '../session.ts';

const LOOK_MS = 300;

/** `batch-pipeline cancel [RUN]`: resolves when nothing of the run can go on. */
export async function cancelCommand(
  name: string | undefined,
  flags: { store?: string; json?: boolean },
): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const manifest = await readManifest(store, await findRun(store, name));
  const { run } = manifest;
  // Written first, whatever the engine: a reason that is on record before tasks die of it.
  const isFirst = await store.create(runKeys.cancelled(run), '{}\n');
  const stopped =
    manifest.engine === 'local' ? await cancelHere(store, run) : await cancelElsewhere(store, manifest, isFirst);
  if (flags.json) printJson({ run, cancelled: stopped });
  if (stopped) {
    notice(`Run ${run} is cancelled. What is finished stays; the same run command carries on.`);
    return ExitCode.ok;
  }
  // Another's mark is that of a run that was cancelled, or is just now.
  if (isFirst) await store.remove([runKeys.cancelled(run)]);
  notice(`Run ${run} is not running.`);
  return ExitCode.ok;
}

/** Waits until the process that drives the run has stopped it; `false` if there is none. */
async function cancelHere(store: Store, run: string): Promise<boolean> {
  if (!(await readHeartbeat(store, run))) return false;
  while (await readHeartbeat(store, run)) await sleep(LOOK_MS);
  return true;
}

/** Ends the jobs, also those of which the note was lost; `false` if none could go on anyway. */
async function cancelElsewhere(store: Store, manifest: Manifest, isFirst: boolean): Promise<boolean> {
  const { engine } = await openEngineOfRun(manifest, store);
  try {
    const submitted = await jobsOfRun(store, engine, manifest);
    const ids = submitted.map(({ jobId }) => jobId);
    // Somebody may be about to submit the rest: the mark that the run is cancelled stops them.
    const isWhole = !(await isCutShort(store, engine, manifest.run));
    const statuses = await engine.poll(ids);
    if (isWhole && isOver(statuses)) return await settleOver({ store, engine, manifest, submitted }, statuses, isFirst);
    await engine.cancel(ids, 'The run was cancelled');
    await settleRun({ store, engine, manifest, submitted });
    return true;
  } finally {
    await engine.close();
  }
}

/**
 * All jobs are over, but nobody may have written that down: a `cancel` that was interrupted while it waited has ended
 * them. `true` for such a one; a run that ended by itself was not cancelled.
 */
async function settleOver(
  over: Parameters<typeof settleRun>[0],
  statuses: readonly JobStatus[],
  isFirst: boolean,
): Promise<boolean> {
  const { store, manifest } = over;
  if (await store.head(runKeys.finished(manifest.run))) return false;
  if (isFirst && statuses.some(({ state }) => state === 'unknown')) {
    const forgotten = waitingTasks(await readTaskTable(store, manifest));
    if (forgotten > 0) {
      notice(`warning: ${forgottenText(forgotten)}`);
      return false;
    }
  }
  await settleRun(over, { gather: false });
  return !isFirst;
}
