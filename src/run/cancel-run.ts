import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, JobStatus } from '../engine/engine.ts';
import { readHeartbeat } from '../ledger/heartbeat.ts';
import { readTaskTable, waitingTasks } from '../ledger/task-table.ts';
import { runKeys } from '../record/keys.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { isCutShort, jobsOfRun } from './resume.ts';
import { isOver, settleRun } from './watch.ts';

const LOOK_MS = 300;

export interface Cancelled {
  /** False for a run that was not running. */
  cancelled: boolean;
  /** Tasks whose outcome neither the records nor the engine know; the run was then left alone. */
  forgotten: number;
}

/** A run to be cancelled, and how to end what it runs. */
interface Running {
  store: Store;
  manifest: Manifest;
  /** For a run whose jobs go on without a process of ours. */
  open: () => Promise<Engine>;
  /** For a run that this very process drives. */
  stop?: (() => Promise<void>) | undefined;
}

/** Resolves when nothing of the run can continue. Finished work stays. */
export async function cancelRun({ store, manifest, open, stop }: Running): Promise<Cancelled> {
  const { run, engine } = manifest;
  // Written first, whatever the engine: the reason is on record before tasks end because of it.
  const isFirst = await store.create(runKeys.cancelled(run), '{}\n');
  if (stop) {
    await stop();
    return { cancelled: true, forgotten: 0 };
  }
  const done =
    engine === 'local'
      ? { cancelled: await cancelOtherProcess(store, run), forgotten: 0 }
      : await cancelElsewhere({ store, manifest, engine: await open() }, isFirst);
  // A mark that was there before belongs to a run that was cancelled, or is being cancelled now.
  if (!done.cancelled && isFirst) await store.remove([runKeys.cancelled(run)]);
  return done;
}

/** Waits until the process that drives the run has stopped it; `false` if there is none. */
async function cancelOtherProcess(store: Store, run: string): Promise<boolean> {
  if (!(await readHeartbeat(store, run))) return false;
  while (await readHeartbeat(store, run)) await sleep(LOOK_MS);
  return true;
}

interface Elsewhere {
  store: Store;
  manifest: Manifest;
  engine: Engine;
}

/** Ends the jobs, also those whose note was lost. */
async function cancelElsewhere({ store, manifest, engine }: Elsewhere, isFirst: boolean): Promise<Cancelled> {
  const submitted = await jobsOfRun(store, engine, manifest);
  const ids = submitted.map(({ jobId }) => jobId);
  // Another process may be about to submit the rest: the mark that the run is cancelled stops it.
  const isWhole = !(await isCutShort(store, engine, manifest.run));
  const statuses = await engine.poll(ids);
  if (isWhole && isOver(statuses)) return settleFinished({ store, engine, manifest, submitted }, statuses, isFirst);
  await engine.cancel(ids, 'The run was cancelled');
  await settleRun({ store, engine, manifest, submitted });
  return { cancelled: true, forgotten: 0 };
}

/**
 * All jobs have ended, but that may not be on record yet: a `cancel` that was interrupted while it waited has ended
 * them. Such a run counts as cancelled; one that ended by itself does not.
 */
async function settleFinished(
  finished: Parameters<typeof settleRun>[0],
  statuses: readonly JobStatus[],
  isFirst: boolean,
): Promise<Cancelled> {
  const { store, manifest } = finished;
  if (await store.head(runKeys.finished(manifest.run))) return { cancelled: false, forgotten: 0 };
  if (isFirst && statuses.some(({ state }) => state === 'unknown')) {
    const forgotten = waitingTasks(await readTaskTable(store, manifest));
    if (forgotten > 0) return { cancelled: false, forgotten };
  }
  await settleRun(finished, { gather: false });
  return { cancelled: !isFirst, forgotten: 0 };
}
