import { lastFailure, heldState, type Held } from '../record/held.ts';
import { COHORT, runKeys } from '../record/keys.ts';
import type { FailureCause } from '../record/cause.ts';
import { type Manifest, type ManifestSample, samplePage } from '../record/manifest.ts';
import { parseDocument } from '../record/parse-document.ts';
import { gatherKey, type MissingMember } from '../record/task-key.ts';
import type { Store } from '../store/store.ts';
import { loadHeld } from './load-held.ts';

/**
 * State of a task, from records alone. `upstream-failed`: an earlier step failed. `damaged`: it succeeded, but its
 * files are missing or have changed.
 */
export type TaskState = 'succeeded' | 'failed' | 'upstream-failed' | 'waiting' | 'not-needed' | 'damaged';

export interface TaskStatus {
  state: TaskState;
  cause?: FailureCause;
  /** True if an earlier run had already done it. */
  upToDate?: boolean;
  /** True if the files of this intermediate step have been removed and no step needs them. */
  removed?: boolean;
}

export interface TaskRow {
  /** `cohort` for the cohort steps. */
  sample: string;
  /** By step; a sample's row holds the sample steps, the cohort's row the cohort steps. */
  tasks: Record<string, TaskStatus>;
}

/** The state of a run according to the store: the same from any machine, whatever the engine remembers. */
export interface TaskTable {
  manifest: Manifest;
  rows: TaskRow[];
  cohort: TaskRow;
}

/** Reads the state of every task of a run from two listings per step and the manifest's pages. */
export async function readTaskTable(store: Store, manifest: Manifest): Promise<TaskTable> {
  const held = await loadHeld(
    store,
    manifest.pipeline,
    manifest.steps.map(({ name }) => name),
  );
  return taskTable(manifest, held, await readSamples(store, manifest));
}

/** Builds the table from facts already read. */
export function taskTable(manifest: Manifest, held: Held, samples: readonly ManifestSample[]): TaskTable {
  const cohort: TaskRow = { sample: COHORT, tasks: {} };
  fillCohort(manifest, held, cohort, { gather: false, rows: [] });
  const rows = samples.map((sample) => sampleRow(manifest, held, sample, cohort));
  fillCohort(manifest, held, cohort, { gather: true, rows });
  return { manifest, rows, cohort };
}

/** All samples of a run, in its order. */
export async function readSamples(store: Store, manifest: Manifest): Promise<ManifestSample[]> {
  const pages = await Promise.all(
    manifest.pages.map(async (sha256, page) => {
      const key = runKeys.samplePage(manifest.run, page);
      return parseDocument(samplePage, key, await store.read(key), sha256);
    }),
  );
  return pages.flat();
}

function sampleRow(manifest: Manifest, held: Held, sample: ManifestSample, cohort: TaskRow): TaskRow {
  const tasks = sampleTasks(manifest, held, sample, cohort, new Set());
  const again = wantedAgain(manifest, tasks);
  return { sample: sample.name, tasks: again.size > 0 ? sampleTasks(manifest, held, sample, cohort, again) : tasks };
}

/** @param again intermediate steps whose files have been removed but are needed */
function sampleTasks(
  manifest: Manifest,
  held: Held,
  sample: ManifestSample,
  cohort: TaskRow,
  again: ReadonlySet<string>,
): TaskRow['tasks'] {
  const tasks: TaskRow['tasks'] = {};
  for (const step of manifest.steps.filter(({ scope }) => scope === 'sample')) {
    const entry = sample.tasks[step.name];
    tasks[step.name] = entry
      ? taskStatus(
          manifest,
          held,
          { step: step.name, sample: sample.name, ...entry, wantedAgain: again.has(step.name) },
          blocked(step.upstream, { ...cohort.tasks, ...tasks }),
        )
      : { state: 'not-needed' };
  }
  return tasks;
}

/** Steps whose files have been removed but are needed, since a step that reads them has not succeeded. */
function wantedAgain(manifest: Manifest, tasks: TaskRow['tasks']): Set<string> {
  const again = new Set<string>();
  for (const { name, upstream } of manifest.steps.toReversed()) {
    const { state = 'not-needed' } = tasks[name] ?? {};
    if (['succeeded', 'not-needed'].includes(state) && !again.has(name)) continue;
    for (const step of upstream) if (tasks[step]?.removed) again.add(step);
  }
  return again;
}

/** Cohort steps that run before the samples are filled in first; gathers need the samples' rows. */
function fillCohort(
  manifest: Manifest,
  held: Held,
  cohort: TaskRow,
  which: { gather: boolean; rows: readonly TaskRow[] },
): void {
  for (const step of manifest.steps) {
    const { name, upstream, task } = step;
    if (!task || gathers(manifest, step) !== which.gather) continue;
    const state = { step: name, sample: COHORT, ...task, key: cohortKey(manifest, step, which.rows) };
    cohort.tasks[name] = taskStatus(manifest, held, state, blocked(upstream, cohort.tasks));
  }
}

/**
 * Number of tasks whose outcome no record states, without the gathers, which wait for all others. Once all jobs have
 * ended and their verdicts are recorded, the engine does not know their outcome either.
 */
export function waitingTasks({ manifest, rows, cohort }: TaskTable): number {
  const first = manifest.steps.filter((step) => step.task && !gathers(manifest, step));
  const states = [
    ...rows.flatMap(({ tasks }) => Object.values(tasks)),
    ...first.flatMap(({ name }) => cohort.tasks[name] ?? []),
  ];
  return states.filter(({ state }) => state === 'waiting').length;
}

type ManifestStep = Manifest['steps'][number];

function gathers(manifest: Manifest, { upstream, task }: ManifestStep): boolean {
  return task !== undefined && manifest.steps.some(({ name, scope }) => scope === 'sample' && upstream.includes(name));
}

/** Key of a cohort step's task; the key of a gather depends on the samples it omits. */
export function cohortKey(manifest: Manifest, step: ManifestStep, rows: readonly TaskRow[]): string {
  const key = step.task?.key ?? '';
  return gathers(manifest, step) ? gatherKey(key, missingMembers(step.upstream, rows)) : key;
}

/**
 * The samples that a gather over these rows omits, and why: the single rule for the runner, `status`, `retry`,
 * `results` and `logs`.
 */
export function missingMembers(collected: readonly string[], rows: readonly TaskRow[]): MissingMember[] {
  return rows.flatMap(({ sample, tasks }) => {
    for (const [step, { state, cause }] of Object.entries(tasks)) {
      if (state === 'failed') return [{ sample, step, cause: cause ?? 'not-run' }];
      if (collected.includes(step) && state !== 'succeeded' && state !== 'not-needed')
        return [{ sample, step, cause: 'not-run' as const }];
    }
    return [];
  });
}

function blocked(upstream: readonly string[], tasks: TaskRow['tasks']): boolean {
  return upstream.some((step) => ['failed', 'upstream-failed'].includes(tasks[step]?.state ?? ''));
}

interface Task {
  step: string;
  sample: string;
  key: string;
  decision: string;
  wantedAgain?: boolean;
}

function taskStatus(manifest: Manifest, held: Held, task: Task, isBlocked: boolean): TaskStatus {
  const ofStep = held.get(task.step);
  const state = heldState(ofStep, task.sample, task.key);
  const upToDate = task.decision === 'run' ? {} : { upToDate: true };
  if (state === 'whole') return { state: 'succeeded', ...upToDate };
  if (task.decision === 'not-needed') return { state: 'not-needed' };
  const isIntermediate = manifest.steps.some(({ name, intermediate }) => name === task.step && intermediate);
  if (state !== undefined && isIntermediate && !task.wantedAgain)
    return { state: 'succeeded', removed: true, ...upToDate };
  const failure = lastFailure(ofStep, task.sample, task.key, manifest.run);
  if (failure) return { state: 'failed', cause: failure.cause as FailureCause };
  // This run recreates the files of an intermediate step.
  if (state !== undefined && !(isIntermediate && task.decision === 'run')) return { state: 'damaged' };
  return { state: isBlocked ? 'upstream-failed' : 'waiting' };
}
