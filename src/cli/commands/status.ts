import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { ExitCode } from '../../errors.ts';
import { runKeys } from '../../record/keys.ts';
import { type Heartbeat, readHeartbeat } from '../../run/heartbeat.ts';
import type { StepProgress } from '../../run/events.ts';
import { findRun, readJobs, readManifest, readSubmitted } from '../../run/run-store.ts';
import { isCutShort } from '../../run/resume.ts';
import type { SubmittedJob } from '../../run/submitted-job.ts';
import { readTaskTable, type TaskTable } from '../../run/task-table.ts';
import { isOver, settleRun, stepProgress } from '../../run/watch.ts';
import { summarise } from '../../run/summarise.ts';
import type { Manifest } from '../../record/manifest.ts';
import { openEngine, runEngineFlags } from '../engines.ts';
import type { Store } from '../../store/store.ts';
import { expandRanges } from '../../record/manifest.ts';
import { statusText } from '../../views/status-text.ts';
import { print, printJson } from '../print.ts';
import { runExitCode } from '../run-exit-code.ts';
import { openSession, storeUrl } from '../session.ts';

export interface StatusFlags {
  store?: string;
  json?: boolean;
  watch?: boolean;
  all?: boolean;
}

/** `over`: nothing is left to do or failed for good. `interrupted`: its process is gone and work is left. */
type RunState = 'running' | 'over' | 'interrupted';

interface Snapshot {
  table: TaskTable;
  state: RunState;
  /** `sample/step` of what runs now. */
  running: Set<string>;
  /** What an engine elsewhere counts, by step. */
  live: readonly StepProgress[];
  /** How long to wait before the next one. */
  refreshMs: number;
}

/** Of what runs on this machine; each engine elsewhere has its own. */
const REFRESH_MS = 2000;

/** `batch-pipeline status` */
export async function statusCommand(name: string | undefined, flags: StatusFlags): Promise<ExitCode> {
  const { store } = await openSession(storeUrl(flags));
  const run = await findRun(store, name);
  for (;;) {
    const snapshot = await takeSnapshot(store, run);
    show(run, snapshot, flags);
    if (!flags.watch || snapshot.state !== 'running') return exitCode(snapshot);
    await sleep(snapshot.refreshMs);
  }
}

async function takeSnapshot(store: Store, run: string): Promise<Snapshot> {
  const manifest = await readManifest(store, run);
  const submitted = await readSubmitted(store, run);
  if (submitted.length > 0) return detachedSnapshot(store, manifest, submitted);
  const [table, beat, finished] = await Promise.all([
    readTaskTable(store, manifest),
    readHeartbeat(store, run),
    store.head(runKeys.finished(run)),
  ]);
  const running = beat ? await runningTasks(store, run, beat, table) : new Set<string>();
  const isDone = finished && runExitCode(summarise(table, 0)) !== ExitCode.unfinished;
  const state = beat ? 'running' : isDone ? 'over' : 'interrupted';
  return { table, state, running, live: [], refreshMs: REFRESH_MS };
}

/** On an engine elsewhere: one poll, unless the records say that the run is over. */
async function detachedSnapshot(
  store: Store,
  manifest: Manifest,
  submitted: readonly SubmittedJob[],
): Promise<Snapshot> {
  const running = new Set<string>();
  if (await store.head(runKeys.finished(manifest.run))) {
    return { table: await readTaskTable(store, manifest), state: 'over', running, live: [], refreshMs: REFRESH_MS };
  }
  const { engine } = await openEngine(runEngineFlags(manifest), store);
  try {
    const statuses = await engine.poll(submitted.map(({ jobId }) => jobId));
    const live = stepProgress(submitted, statuses);
    const now = { running, live, refreshMs: (await engine.limits()).pollIntervalMs };
    if (!isOver(statuses)) return { table: await readTaskTable(store, manifest), state: 'running', ...now };
    if (await isCutShort(store, engine, manifest.run))
      return { table: await readTaskTable(store, manifest), state: 'interrupted', ...now };
    const { table, gathers } = await settleRun({ store, engine, manifest, submitted });
    return { table, state: gathers.length > 0 ? 'running' : 'over', ...now };
  } finally {
    await engine.close();
  }
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

function show(run: string, { table, state, running, live }: Snapshot, flags: StatusFlags): void {
  if (flags.json) {
    printJson({
      run,
      state,
      summary: summarise(table, 0),
      samples: table.rows,
      cohort: table.cohort,
      running: [...running],
      live,
    });
    return;
  }
  if (flags.watch && process.stdout.isTTY) process.stdout.write('\x1B[2J\x1B[H');
  const { manifest } = table;
  print(
    `Run ${styleText('bold', run)} of ${manifest.pipeline} on ${manifest.engine}, started ${manifest.createdAt}: ${stateText(state)}\n`,
  );
  if (state === 'running' && live.length > 0) print(`${liveText(live)}\n`);
  print(statusText(table, { running, ...(flags.all === undefined ? {} : { all: flags.all }) }));
}

function liveText(live: readonly StepProgress[]): string {
  return live
    .map(({ step, running, done, failed, total }) => `${step}: ${running} running, ${done + failed} of ${total} over`)
    .join('\n');
}

function stateText(state: RunState): string {
  switch (state) {
    case 'running':
      return styleText('cyan', 'running');
    case 'over':
      return 'over';
    case 'interrupted':
      return styleText('yellow', 'interrupted; the same `run` command carries on');
  }
}

function exitCode({ table, state }: Snapshot): ExitCode {
  if (state !== 'over') return ExitCode.unfinished;
  return runExitCode(summarise(table, 0));
}
