import { setTimeout as sleep } from 'node:timers/promises';
import type { ChosenEngine, EngineChoice } from '../engine/registry.ts';
import { engineOfRun } from '../engine/registry.ts';
import type { Engine } from '../engine/engine.ts';
import type { LocalEngine } from '../engine/local/local-engine.ts';
import type { Heartbeat } from '../ledger/heartbeat.ts';
import { findRun, readManifest, readSubmitted, type SubmittedJob } from '../ledger/run-store.ts';
import type { TaskTable } from '../ledger/task-table.ts';
import type { Manifest } from '../record/manifest.ts';
import type { Cancelled } from './cancel-run.ts';
import type { OnEvent, RunSummary, StepProgress } from './events.ts';
import { LOCAL_REFRESH_MS, lookAtRun, type Snapshot } from './look.ts';
import type { ResultFile, Results } from './results.ts';
import { summarise } from './summarise.ts';
import type { TaskLog } from './task-log.ts';
import type { Failures } from './task-record.ts';
import { watchRun } from './watch.ts';
import { openEngineFor, type Workspace } from './workspace.ts';

/**
 * Opens a run of the store: the one named, or the latest.
 * @throws PipelineError `run-not-found`; `document-missing`, `document-changed` for a damaged one
 */
export async function openRun(workspace: Workspace, id?: string): Promise<Run> {
  return new Run(workspace, await readManifest(workspace.store, await findRun(workspace.store, id)));
}

export interface WatchOptions {
  onEvent?: OnEvent;
  /** Ends the watching, not the run: `watch` then rejects with an AbortError. */
  signal?: AbortSignal;
}

/** How a run ended. */
export interface RunOutcome {
  table: TaskTable;
  summary: RunSummary;
}

export interface RetryOptions {
  onEvent?: OnEvent;
  /** Flags of the run's engine, in place of those it was started with. */
  engineFlags?: object;
  /** `NAME=VALUE`: those of an engine that a file defines. */
  engineOptions?: readonly string[] | undefined;
}

/** A submission of this process: the engine that works on it, and its jobs. */
interface Submission {
  opened: ChosenEngine;
  submitted: readonly SubmittedJob[];
}

/** One run of a store. The store holds all that is true of it; this object holds the engine while it is needed. */
export class Run {
  readonly id: string;
  readonly manifest: Manifest;
  readonly #workspace: Workspace;
  #submission: Submission | undefined;
  #opened: Promise<ChosenEngine> | undefined;
  #watching: Promise<RunOutcome> | undefined;
  #refreshMs = LOCAL_REFRESH_MS;

  constructor(workspace: Workspace, manifest: Manifest, submission?: Submission) {
    this.id = manifest.run;
    this.manifest = manifest;
    this.#workspace = workspace;
    this.#submission = submission;
    this.#opened = submission && Promise.resolve(submission.opened);
  }

  /** True where the tasks run in this process: it has to watch the run, and ends it when it ends. */
  get isHere(): boolean {
    return this.#local !== undefined;
  }

  /** Jobs that this process has submitted. */
  get submittedJobs(): number {
    return this.#submission?.submitted.length ?? 0;
  }

  /** How long to wait between two looks. */
  get refreshMs(): number {
    return this.#refreshMs;
  }

  /** The state of every task now; an engine elsewhere is asked once. */
  look(): Promise<Snapshot> {
    return lookAtRun(this.#workspace.store, this.manifest, async () => {
      const engine = await this.#engine();
      this.#refreshMs = (await engine.limits()).pollIntervalMs;
      return engine;
    });
  }

  /**
   * Follows the run until it ends, and settles it: tasks that left no record get one from the engine's knowledge, and
   * gathers that had to wait are submitted.
   */
  watch({ onEvent = () => undefined, signal = new AbortController().signal }: WatchOptions = {}): Promise<RunOutcome> {
    const watching = this.#watch(onEvent, signal);
    this.#watching = watching;
    return watching;
  }

  async #watch(onEvent: OnEvent, signal: AbortSignal): Promise<RunOutcome> {
    const { store } = this.#workspace;
    const submitted = this.#submission?.submitted ?? (await readSubmitted(store, this.id));
    if (!this.#submission && submitted.length === 0) return this.#watchOtherProcess(onEvent, signal);
    const engine = await this.#engine();
    const watch = { store, engine, manifest: this.manifest, submitted, onEvent, signal };
    const local = this.#local;
    return watchRun(local ? { ...watch, heartbeat: () => this.#heartbeat(local) } : watch);
  }

  /** The process that drives the run writes what it does into the store. */
  async #watchOtherProcess(onEvent: OnEvent, signal: AbortSignal): Promise<RunOutcome> {
    for (;;) {
      const { table, state, running } = await this.look();
      onEvent({ kind: 'progress', run: this.id, steps: progressOf(table, running) });
      const summary = summarise(table, 0);
      if (state !== 'running') {
        onEvent({ kind: 'finished', run: this.id, summary });
        return { table, summary };
      }
      await sleep(this.#refreshMs, undefined, { signal });
    }
  }

  #heartbeat(local: LocalEngine): Pick<Heartbeat, 'scratchRoot' | 'running'> {
    const prefix = `${this.id}-${this.manifest.nonce}-`;
    const running = local.running().map(({ jobId, index, step, startedAt }) => {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      return { job: jobId.slice(prefix.length), index, step, seconds };
    });
    return { scratchRoot: this.#workspace.scratchRoot, running };
  }

  /**
   * The output of a task: of its running attempt, else of the recorded one.
   * @param step default: the step that failed, else the last one that has run
   * @throws PipelineError `sample-unknown`, `step-unknown`, `log-missing`
   */
  async log(sample: string, step?: string, options: { follow?: boolean; ended?: boolean } = {}): Promise<TaskLog> {
    const { findTaskLog } = await import('./task-log.ts');
    const { follow = false, ended = false } = options;
    const wanted = { sample, step, follow, ended };
    return findTaskLog(this.#workspace.store, this.manifest, wanted, () => this.#engine());
  }

  /** Records of failed tasks, in the order of the sample list. */
  async failures({ table, most = Infinity }: { table: TaskTable; most?: number }): Promise<Failures> {
    const { readFailures } = await import('./task-record.ts');
    return readFailures(this.#workspace.store, table, most);
  }

  /**
   * Published files.
   * @param steps default: those whose outputs no other sample step uses
   * @throws PipelineError `step-unknown`
   */
  async results(steps?: readonly string[]): Promise<Results> {
    const { findResults } = await import('./results.ts');
    return findResults(this.#workspace.store, this.manifest, steps);
  }

  /** Compares published files with their recorded checksums; returns those that are damaged or missing. */
  async verify(files?: readonly ResultFile[]): Promise<Set<ResultFile>> {
    const { damagedResults } = await import('./results.ts');
    return damagedResults(this.#workspace.store, files ?? (await this.results()).files);
  }

  /**
   * Puts published files under `<folder>/<sample>/<step>/`.
   * @throws PipelineError `folder-unwritable`
   */
  async copyResults(files: readonly ResultFile[], folder: string): Promise<void> {
    const { copyResults } = await import('./results.ts');
    await copyResults(this.#workspace.store, files, folder);
  }

  /** Cancels the run: resolves when nothing of it can continue. Finished work stays, and `retry` continues from it. */
  async cancel(): Promise<Cancelled> {
    const { cancelRun } = await import('./cancel-run.ts');
    const { store } = this.#workspace;
    const stop = this.#local && (() => this.#stopHere());
    return cancelRun({ store, manifest: this.manifest, open: () => this.#engine(), stop });
  }

  async #stopHere(): Promise<void> {
    await this.stop('The run was cancelled');
    await (this.#watching ?? this.watch());
  }

  /** Asks the running tasks of this process to end; `watch` then ends, and the same plan continues later. */
  async stop(reason = 'Interrupted'): Promise<void> {
    const ids = this.#submission?.submitted.map(({ jobId }) => jobId) ?? [];
    await this.#submission?.opened.engine.cancel(ids, reason);
  }

  /** Kills the running tasks of this process. */
  kill(): void {
    this.#local?.kill();
  }

  /**
   * Submits what did not succeed again, with the code the run was planned with, and with more memory or time for tasks
   * that ran out of it. `false` if there is nothing to retry.
   * @throws PipelineError `run-busy` while it is running; `code-changed`, `tool-changed`, `bundle-gone`
   */
  async retry({ onEvent = () => undefined, engineFlags, engineOptions }: RetryOptions = {}): Promise<boolean> {
    const { retryRun } = await import('./retry-run.ts');
    const open = () => this.#open(engineOfRun(this.manifest, engineFlags, engineOptions));
    const submitted = await retryRun({ workspace: this.#workspace, manifest: this.manifest, onEvent }, open);
    if (submitted && this.#opened) this.#submission = { opened: await this.#opened, submitted };
    return submitted !== undefined;
  }

  /** Releases the engine. Runs on an engine elsewhere go on; tasks of this process end. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = this.#submission = undefined;
    await (await opened)?.engine.close();
  }

  get #local(): LocalEngine | undefined {
    return this.#submission?.opened.local;
  }

  async #engine(): Promise<Engine> {
    this.#opened ??= openEngineFor(this.#workspace, engineOfRun(this.manifest));
    return (await this.#opened).engine;
  }

  /** In place of the one that is open. */
  async #open(choice: EngineChoice): Promise<ChosenEngine> {
    await this.close();
    this.#opened = openEngineFor(this.#workspace, choice);
    return this.#opened;
  }
}

function progressOf({ rows, cohort, manifest }: TaskTable, running: ReadonlySet<string>): StepProgress[] {
  return manifest.steps.map(({ name: step }) => {
    const states = [...rows, cohort].flatMap(({ tasks }) => tasks[step]?.state ?? []);
    const number = (...wanted: string[]) => states.filter((state) => wanted.includes(state)).length;
    const isRunning = [...running].filter((task) => task.endsWith(`/${step}`)).length;
    const [done, failed] = [number('succeeded'), number('failed', 'damaged')];
    return { step, total: states.length - number('not-needed'), done, failed, running: isRunning };
  });
}
