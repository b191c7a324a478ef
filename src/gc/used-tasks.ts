import { PipelineError } from '../errors.ts';
import type { Manifest } from '../record/manifest.ts';
import { COHORT } from '../record/keys.ts';
import { readSamples } from '../ledger/task-table.ts';
import type { Store } from '../store/store.ts';
import { DAY_MS } from './garbage.ts';
import type { RunFacts } from './run-facts.ts';

export interface UsedTasks {
  /** `step/sample.key` of tasks used by runs that ended within `keepDays`: a later run is likely to need them too. */
  recent: ReadonlySet<string>;
  /** See `servedReaders`. */
  served: ReadonlySet<string>;
}

interface Held {
  /** See `scratchSteps`. */
  scratch: ReadonlyMap<string, ReadonlySet<string>>;
  /** `step/sample.key` of tasks with a success on record. */
  succeeded: ReadonlySet<string>;
}

/** Reads the samples of all runs of a pipeline, one run at a time since a cohort's pages are large. */
export async function usedTasks(
  store: Store,
  runs: readonly RunFacts[],
  held: Held,
  { now, keepDays }: { now: number; keepDays: number },
): Promise<UsedTasks> {
  const [recent, served] = [new Set<string>(), new Set<string>()];
  for (const { manifest, endedAt } of runs) {
    const isRecent = now - endedAt < keepDays * DAY_MS;
    if (!manifest || (!isRecent && held.scratch.size === 0)) continue;
    const all = await pairedTasks(store, manifest, isRecent);
    for (const { name, tasks } of isRecent ? all : [])
      for (const [step, { key }] of Object.entries(tasks)) recent.add(`${step}/${name}.${key}`);
    for (const reader of servedReaders(all, held)) served.add(reader);
  }
  return { recent, served };
}

/**
 * `step/sample.key reader` for outputs that a step has read and succeeded with, as paired by the keys of a run: a
 * success with other inputs does not count.
 */
export function servedReaders(samples: readonly PairedTasks[], { scratch, succeeded }: Held): string[] {
  return samples.flatMap(({ name, tasks }) =>
    [...scratch].flatMap(([step, readers]) => {
      const own = tasks[step];
      return [...readers].flatMap((reader) => {
        const reading = tasks[reader];
        if (!own || !reading || !succeeded.has(`${reader}/${name}.${reading.key}`)) return [];
        return [`${step}/${name}.${own.key} ${reader}`];
      });
    }),
  );
}

/** An old run with damaged documents is ignored. */
async function pairedTasks(store: Store, manifest: Manifest, isRecent: boolean): Promise<readonly PairedTasks[]> {
  try {
    return await readPairedTasks(store, manifest);
  } catch (error) {
    if (!isRecent && error instanceof PipelineError && error.code.startsWith('document-')) return [];
    throw error;
  }
}

type Steps = readonly Pick<Manifest['steps'][number], 'name' | 'intermediate' | 'upstream'>[];

/**
 * Intermediate steps, and the steps that read them. A step must be intermediate in every run of the pipeline that
 * includes it.
 */
export function scratchSteps(runs: readonly Steps[]): Map<string, Set<string>> {
  const readers = new Map<string, Set<string>>();
  const kept = new Set<string>();
  for (const steps of runs) {
    for (const { name, intermediate } of steps) {
      if (!intermediate) kept.add(name);
      const reading = steps.filter(({ upstream }) => upstream.includes(name));
      readers.set(name, new Set([...(readers.get(name) ?? []), ...reading.map((step) => step.name)]));
    }
  }
  return new Map([...readers].filter(([name]) => !kept.has(name)));
}

/** Keys of one sample's tasks in a run, by step; of the steps of all samples under the name `cohort`. */
interface PairedTasks {
  name: string;
  tasks: Readonly<Record<string, { key: string }>>;
}

/**
 * What a run has planned, sample by sample; the cohort comes first.
 * @throws PipelineError `document-missing`, `document-changed`
 */
async function readPairedTasks(store: Store, manifest: Manifest): Promise<PairedTasks[]> {
  const ofCohort = manifest.steps.flatMap(({ name, task }) => (task ? [[name, task] as const] : []));
  return [{ name: COHORT, tasks: Object.fromEntries(ofCohort) }, ...(await readSamples(store, manifest))];
}
