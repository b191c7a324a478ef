import { ELEMENT_STATES, type ElementState, type EngineJob, type JobDependency } from '../engine.ts';

const CODE = Object.fromEntries(ELEMENT_STATES.map((state, i) => [state, i])) as Record<ElementState, number>;

/** One job in the local engine: compact, since an array may have 100,000 elements. */
export interface LocalJob {
  readonly id: string;
  readonly job: EngineJob;
  readonly dependencies: readonly JobDependency[];
  /** Dependencies that each element still waits for. */
  readonly waiting: Uint16Array;
  readonly states: Uint8Array;
  /** Number of attempts of each element. */
  readonly tries: Uint8Array;
  readonly counts: Record<ElementState, number>;
  /** Indices that can start, in the order in which they became ready. */
  readonly ready: number[];
  /** Number of entries of `ready` already taken. */
  taken: number;
}

export function createLocalJob(id: string, job: EngineJob, dependencies: readonly JobDependency[]): LocalJob {
  return {
    id,
    job,
    dependencies,
    waiting: new Uint16Array(job.size),
    states: new Uint8Array(job.size),
    tries: new Uint8Array(job.size),
    counts: { pending: job.size, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 },
    ready: [],
    taken: 0,
  };
}

export function stateOf(job: LocalJob, index: number): ElementState {
  return ELEMENT_STATES[job.states[index] as number] as ElementState;
}

/**
 * The one way in which an element's state changes: pending -> runnable -> running -> succeeded | failed, and running ->
 * runnable for another attempt.
 */
export function setState(job: LocalJob, index: number, state: ElementState): void {
  job.counts[stateOf(job, index)] -= 1;
  job.counts[state] += 1;
  job.states[index] = CODE[state];
  if (state === 'runnable') job.ready.push(index);
}

/** True when no element can change any more. */
export function isOver(job: LocalJob): boolean {
  return job.counts.succeeded + job.counts.failed === job.job.size;
}

/** The next element that may start; it leaves the queue. Elements cancelled meanwhile are skipped. */
export function takeReady(job: LocalJob): number | undefined {
  const index = job.ready[job.taken];
  job.taken += 1;
  if (job.taken === job.ready.length) {
    job.ready.length = 0;
    job.taken = 0;
  }
  return index;
}

export function hasReady(job: LocalJob): boolean {
  return job.counts.runnable > 0;
}
