import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine/engine.ts';
import type { JobDocument } from '../record/manifest.ts';
import { expandRanges } from '../record/manifest.ts';
import { readSubmitted } from '../ledger/run-store.ts';
import type { TaskTable } from '../ledger/task-table.ts';
import type { Store } from '../store/store.ts';
import { openEngineOfRun } from './engines.ts';

/** What an engine elsewhere holds of a task's output is asked for no more often than this. */
const FOLLOW_MS = 3000;

/**
 * Prints what a task without a record has printed so far, as its engine tells; `false` where it has nothing. Following
 * ends when the engine's job is over.
 */
export async function printRemoteLog(
  store: Store,
  table: TaskTable,
  { sample, step }: { sample: string; step: string },
  { follow, write }: { follow: boolean; write: (text: string) => void },
): Promise<boolean> {
  const { manifest } = table;
  const task = await findTask(store, table, sample, step);
  if (!task) return false;
  const { engine } = await openEngineOfRun(manifest, store);
  try {
    let shown = await engine.log(task.jobId, task.index);
    if (shown === undefined && !follow) return false;
    write(shown ?? '');
    while (follow && !(await isOver(engine, task.jobId))) {
      await sleep(FOLLOW_MS);
      const now = (await engine.log(task.jobId, task.index)) ?? '';
      // The engine may hand out the end only: then what is new cannot be told from what was shown.
      write(now.startsWith(shown ?? '') ? now.slice(shown?.length) : now);
      shown = now;
    }
    return true;
  } finally {
    await engine.close();
  }
}

/** The latest job with this task, and its place there. */
async function findTask(
  store: Store,
  { manifest, rows }: TaskTable,
  sample: string,
  step: string,
): Promise<{ jobId: string; index: number } | undefined> {
  const position = rows.findIndex((row) => row.sample === sample);
  for (const { job, jobId } of (await readSubmitted(store, manifest.run)).toReversed()) {
    const index = job.step === step ? indexIn(job, position) : -1;
    if (index >= 0) return { jobId, index };
  }
  return undefined;
}

/** -1 where the job is for others; cohort jobs have one task. */
function indexIn(job: JobDocument, position: number): number {
  return job.samples.length === 0 ? 0 : expandRanges(job.samples).indexOf(position);
}

async function isOver(engine: Engine, jobId: string): Promise<boolean> {
  const [status] = await engine.poll([jobId]);
  return status === undefined || ['succeeded', 'failed', 'unknown'].includes(status.state);
}
