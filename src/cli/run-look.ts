import type { Engine } from '../engine/engine.ts';
import { ExitCode } from '../errors.ts';
import { runKeys } from '../record/keys.ts';
import { expandRanges, type Manifest } from '../record/manifest.ts';
import type { StepProgress } from '../run/events.ts';
import { isFinished } from '../run/finished.ts';
import { type Heartbeat, readHeartbeat } from '../ledger/heartbeat.ts';
import { isCutShort } from '../run/resume.ts';
import { readJobs, readSubmitted, submissionOf, type SubmittedJob } from '../ledger/run-store.ts';
import { summarise } from '../run/summarise.ts';
import { readTaskTable, type TaskTable } from '../ledger/task-table.ts';
import { isOver, settleRun, stepProgress } from '../run/watch.ts';
import type { Store } from '../store/store.ts';
import { openEngineOfRun } from './engines.ts';
import { runExitCode } from './run-exit-code.ts';

/** `over`: nothing is left to do or failed for good. `interrupted`: its process is gone and work is left. */
export type RunState = 'running' | 'over' | 'interrupted';

/** How a run stands. */
export interface Snapshot {
  table: TaskTable;
  state: RunState;
  /** `sample/step` of what runs now, where tasks run on this machine. */
  running: ReadonlySet<string>;
  /** What an engine elsewhere counts, by step. */
  live: readonly StepProgress[];
  /** Why nothing starts, and what to do. */
  stuck: readonly string[];
  /** Tasks of which nobody knows what became. */
  forgotten: number;
}

/** Nothing that only an engine elsewhere knows. */
const NOTHING: Omit<Snapshot, 'table' | 'state'> = { running: new Set(), live: [], stuck: [], forgotten: 0 };

/** Between two looks at a run whose process writes into the store. */
const LOCAL_REFRESH_MS = 2000;

/** Looks at one run again and again. An engine elsewhere stays open, for it remembers since when nothing moves. */
export class RunLook {
  readonly #store: Store;
  readonly #manifest: Manifest;
  #engine: Engine | undefined;
  #refreshMs = LOCAL_REFRESH_MS;

  constructor(store: Store, manifest: Manifest) {
    this.#store = store;
    this.#manifest = manifest;
  }

  /** How long to wait before the next look. */
  get refreshMs(): number {
    return this.#refreshMs;
  }

  async take(): Promise<Snapshot> {
    const submitted = await readSubmitted(this.#store, this.#manifest.run);
    return submitted.length > 0 ? this.#takeElsewhere(submitted) : takeHere(this.#store, this.#manifest);
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  /** One poll, unless the records say that the run is over. */
  async #takeElsewhere(submitted: readonly SubmittedJob[]): Promise<Snapshot> {
    const [store, manifest] = [this.#store, this.#manifest];
    if (await isFinished(store, manifest.run, submissionOf(submitted.map(({ job }) => job))))
      return { ...NOTHING, table: await readTaskTable(store, manifest), state: 'over' };
    const engine = await this.#open();
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

  async #open(): Promise<Engine> {
    if (this.#engine) return this.#engine;
    const { engine } = await openEngineOfRun(this.#manifest, this.#store);
    this.#engine = engine;
    this.#refreshMs = (await engine.limits()).pollIntervalMs;
    return engine;
  }
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
