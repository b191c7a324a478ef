import type { Engine } from '../engine/engine.ts';
import { ExitCode } from '../errors.ts';
import { runKeys } from '../record/keys.ts';
import { expandRanges, type Manifest } from '../record/manifest.ts';
import type { StepProgress } from './events.ts';
import { isFinished, readJobs, readSubmitted, submissionOf } from '../ledger/run-store.ts';
import { type Heartbeat, readHeartbeat } from '../ledger/heartbeat.ts';
import { isCutShort } from './resume.ts';
import { runExitCode, summarise } from './summarise.ts';
import { readTaskTable, type TaskTable } from '../ledger/task-table.ts';
import { isOver, settleRun, stepProgress } from './watch.ts';
import type { Store } from '../store/store.ts';

/** `over`: nothing is left to do. `interrupted`: work is left, and no process or engine is doing it. */
export type RunState = 'running' | 'over' | 'interrupted';

/** The state of a run at one moment. */
export interface Snapshot {
  table: TaskTable;
  state: RunState;
  /** `sample/step` of running tasks, where tasks run on this machine. */
  running: ReadonlySet<string>;
  /** What an engine elsewhere counts, by step. */
  live: readonly StepProgress[];
  /** Why nothing starts, and what to do. */
  stuck: readonly string[];
  /** Tasks whose outcome is unknown. */
  forgotten: number;
}

/** Without the facts that only an engine elsewhere knows. */
const NOTHING: Omit<Snapshot, 'table' | 'state'> = { running: new Set(), live: [], stuck: [], forgotten: 0 };

/** Between two looks at a run whose process writes into the store. */
export const LOCAL_REFRESH_MS = 2000;

/**
 * Looks at a run: from the store alone where its process writes there, else with one poll of its engine.
 * @param open opens the engine; not called if the records show that the run has finished
 */
export async function lookAtRun(store: Store, manifest: Manifest, open: () => Promise<Engine>): Promise<Snapshot> {
  const submitted = await readSubmitted(store, manifest.run);
  if (submitted.length === 0) return takeHere(store, manifest);
  if (await isFinished(store, manifest.run, submissionOf(submitted.map(({ job }) => job))))
    return { ...NOTHING, table: await readTaskTable(store, manifest), state: 'over' };
  const engine = await open();
  const statuses = await engine.poll(submitted.map(({ jobId }) => jobId));
  const stuck = [...new Set(statuses.flatMap((status) => status.stuck ?? []))];
  const seen = { ...NOTHING, live: stepProgress(submitted, statuses), stuck };
  if (!isOver(statuses)) return { ...seen, table: await readTaskTable(store, manifest), state: 'running' };
  if (await isCutShort(store, engine, manifest.run))
    return { ...seen, table: await readTaskTable(store, manifest), state: 'interrupted' };
  const { table, gathers, forgotten, superseded } = await settleRun({ store, engine, manifest, submitted });
  const state = forgotten > 0 ? 'interrupted' : gathers.length > 0 || superseded ? 'running' : 'over';
  return { ...seen, table, state, forgotten };
}

async function takeHere(store: Store, manifest: Manifest): Promise<Snapshot> {
  const { run } = manifest;
  const [table, beat, finished] = await Promise.all([
    readTaskTable(store, manifest),
    readHeartbeat(store, run),
    store.head(runKeys.finished(run)),
  ]);
  const running = beat ? await runningTasks(store, run, beat, table) : new Set<string>();
  const isDone = finished && runExitCode(summarise(table, 0)) !== ExitCode.unfinished;
  const state = beat ? 'running' : isDone ? 'over' : 'interrupted';
  return { ...NOTHING, table, state, running };
}

async function runningTasks(store: Store, run: string, beat: Heartbeat, table: TaskTable): Promise<Set<string>> {
  if (beat.running.length === 0) return new Set();
  const jobs = new Map((await readJobs(store, run)).map((job) => [job.job, expandRanges(job.samples)]));
  return new Set(
    beat.running.map(
      ({ job, index, step }) => `${table.rows[jobs.get(job)?.[index] ?? -1]?.sample ?? 'cohort'}/${step}`,
    ),
  );
}
