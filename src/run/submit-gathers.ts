import type { Engine } from '../engine/engine.ts';
import { runKeys } from '../record/keys.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { engineJob } from './engine-job.ts';
import { waitsForAny } from './submit.ts';
import { readNote, type SubmittedJob, writeNote } from '../ledger/run-store.ts';
import type { TaskTable } from '../ledger/task-table.ts';

/** A run whose submitted jobs have all finished and have outcomes on record. */
interface OverRun {
  store: Store;
  engine: Engine;
  manifest: Manifest;
  table: TaskTable;
  /** Of the latest submission. */
  jobs: readonly JobDocument[];
}

/**
 * Where the engine cannot wait for jobs to finish regardless of outcome, a gather was submitted to wait for success,
 * and will not run if a sample failed; or it was not submitted at all. The process that finds everything else finished
 * calls this: it submits what did not run, to start at once. Any number of processes may do so at the same time; they
 * create one job. Empty where there is nothing to do, and for a cancelled run.
 */
export async function submitGathers({ store, engine, manifest, table, jobs }: OverRun): Promise<SubmittedJob[]> {
  const { afterAny, detached } = await engine.limits();
  if (afterAny || !detached || (await store.head(runKeys.cancelled(manifest.run)))) return [];
  const submitted: SubmittedJob[] = [];
  for (const job of jobs.filter(waitsForAny)) {
    if (table.cohort.tasks[job.step]?.state === 'succeeded' || (await hasRun(store, engine, manifest, job))) continue;
    submitted.push({ job, jobId: await submitLate(store, engine, manifest, job) });
  }
  return submitted;
}

/** True where the engine has tried it: it then has a verdict, and none for what waited in vain. */
async function hasRun(store: Store, engine: Engine, manifest: Manifest, job: JobDocument): Promise<boolean> {
  const note = await readNote(store, manifest.run, job.job);
  if (!note) return false;
  return note.late === true || (await engine.verdicts(note.jobId, [0])).length > 0;
}

/** Under a name of its own; the engine takes back all but the first of several. */
async function submitLate(store: Store, engine: Engine, manifest: Manifest, job: JobDocument): Promise<string> {
  const common = engineJob(store, manifest, job);
  const late = { ...common, name: `${common.name}-late` };
  const find = async () => (await engine.find([late.name])).get(late.name);
  const mine = (await find()) ?? (await engine.submit(late, []));
  const jobId = (await find()) ?? mine;
  await writeNote(store, manifest.run, job.job, { jobId, late: true });
  return jobId;
}
