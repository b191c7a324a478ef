import type { Finding } from '../engine/engine.ts';
import type { FailureCause } from '../record/cause.ts';

/** What happens during a run. The library never prints: whoever wants to, listens. The `kind`s and their fields are stable. */
export type RunEvent =
  | { kind: 'finding'; finding: Finding }
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
