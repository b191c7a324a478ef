/**
 * What an engine and the runner agree on: the variables through which a job describes its tasks, the exit codes, and
 * the messages of a runner process that serves many attempts.
 */
import type { FailureCause } from './cause.ts';

/** Names of environment variables of a runner. */
export const VARIABLES = {
  /** URL of the store. */
  store: 'BATCH_PIPELINE_STORE',
  run: 'BATCH_PIPELINE_RUN',
  job: 'BATCH_PIPELINE_JOB',
  /** Position in the array job, where the engine has no variable of its own for it. */
  index: 'BATCH_PIPELINE_INDEX',
  /** Number of the attempt, from 1, where the engine has no variable of its own for it. */
  attempt: 'BATCH_PIPELINE_TRY',
  scratch: 'BATCH_PIPELINE_SCRATCH',
  /** Folder in which the run's code is unpacked already. */
  code: 'BATCH_PIPELINE_CODE',
  cache: 'BATCH_PIPELINE_CACHE',
  cacheLimit: 'BATCH_PIPELINE_CACHE_LIMIT',
  /** Set for a job that watches its run instead of performing a task. */
  conductor: 'BATCH_PIPELINE_CONDUCTOR',
} as const;

/** Exit codes of the runner and of Fetch & Run that engines read. */
export const RunnerExit = {
  succeeded: 0,
  failed: 1,
  /** Failed for a cause that may pass: EX_TEMPFAIL of sysexits.h. The engine starts another attempt. */
  tryAgain: 75,
} as const;

/** What a runner needs to begin one attempt: everything else is in the store. */
export interface TaskContext {
  /** URL of the store. */
  store: string;
  run: string;
  job: string;
  /** Position in the array job; 0 for a plain job. */
  index: number;
  /** Number of the engine's attempt, from 1. */
  attempt: number;
  /** Folder under which the attempt makes its own scratch folder. */
  scratchRoot: string;
  host: string;
  /** Folder in which the run's code is unpacked already. */
  codeFolder?: string | undefined;
}

/** From the local engine to a runner that it keeps for many attempts. */
export type ToRunner =
  | { kind: 'attempt'; task: TaskContext }
  | { kind: 'abort'; reason: string }
  /** The task has taken more memory than it requested. */
  | { kind: 'exceeded'; message: string }
  /** A runner died: end its tools and remove its scratch folder. */
  | { kind: 'sweep'; scratchRoot: string; host: string };

/** Back: one per attempt. */
export interface FromRunner {
  kind: 'over';
  outcome:
    | { state: 'succeeded' | 'up-to-date' }
    /** `mayStillRun`: code of the step may still be running in that process, which then ends itself. */
    | { state: 'failed'; cause: FailureCause; message: string; mayStillRun?: true };
  /** `false` if the attempt left no record. */
  recorded: boolean;
}
