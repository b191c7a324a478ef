import type { FailureCause } from '../record/cause.ts';

/** What planning, starting, watching and retrying a run report. The `kind`s and their fields are stable. */
export type RunEvent =
  /** The store's only reference is used, since none was named. */
  | { kind: 'reference-chosen'; reference: string }
  /** The files of a named reference are in the store. */
  | { kind: 'reference-added'; reference: string; files: number }
  /** Inputs are about to be read whole, since their modification times changed. */
  | { kind: 'comparing'; files: number; bytes: number }
  /** An earlier run is already working on exactly these tasks: no new one was started, also not under `otherName`. */
  | { kind: 'joined'; run: string; otherName?: string }
  /** A submission that was cut short is completed. */
  | { kind: 'resumed'; run: string }
  | { kind: 'retrying'; run: string; tasks: number; jobs: number }
  /** Steps were edited since the run was planned: it keeps the code it was planned with. */
  | { kind: 'code-edited'; run: string; steps: readonly string[] }
  | { kind: 'planned'; run: string; tasks: number; upToDate: number; jobs: number }
  | { kind: 'submitted'; run: string; job: string; jobId: string; tasks: number }
  | { kind: 'progress'; run: string; steps: readonly StepProgress[] }
  | { kind: 'task-failed'; run: string; sample: string; step: string; cause: FailureCause }
  | { kind: 'warning'; message: string }
  | { kind: 'finished'; run: string; summary: RunSummary };

export interface StepProgress {
  step: string;
  total: number;
  done: number;
  failed: number;
  running: number;
}

export type RowOutcome = 'succeeded' | 'failed' | 'unfinished';

export interface RunSummary {
  samples: number;
  succeeded: number;
  failed: number;
  /** Samples of which something was cancelled or has not run, and nothing failed. */
  unfinished: number;
  /** The cohort steps together. */
  cohort: RowOutcome;
  /** Tasks that this run had to do, and those that were up to date. */
  ran: number;
  upToDate: number;
  wallSeconds: number;
}

export type OnEvent = (event: RunEvent) => void;
