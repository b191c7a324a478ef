import type { TaskResources } from '../pipeline/resources.ts';
import type { FailureCause } from '../record/cause.ts';

export type { TaskResources };

/**
 * - `N_TO_N`: element i waits for element i of the other job to succeed (both have the same size).
 * - `SUCCESS`: all elements wait until the whole other job has succeeded.
 * - `ANY`: all elements wait until the other job has ended, whatever the outcome. Only where `limits().afterAny`.
 */
export type DependencyType = 'N_TO_N' | 'SUCCESS' | 'ANY';

export interface JobDependency {
  jobId: string;
  type: DependencyType;
}

/** What an engine is given: one step for `size` tasks. Size 1 is a plain job, 2 or more an array job. */
export interface EngineJob {
  /** Unique for all time: contains the run id. Letters, digits, `-`, `_`; at most 128 characters. */
  name: string;
  step: string;
  size: number;
  resources: TaskResources;
  /** Container image (URI or built digest) where the engine runs images. */
  image: string | undefined;
  /** Tries of one task for causes that may pass (lost machine, Spot, pull error): 1 means no second try. */
  attempts: number;
  /** Where a lower number starts first when several tasks could (later steps come first). */
  rank: number;
  /** The job submits others itself, and needs the right to. */
  submits?: boolean;
  /** For the runner: store, run and job; the engine adds the element's index in its own way. */
  environment: Readonly<Record<string, string>>;
}

/** State of one task as the engine reports it, in AWS Batch's terms, in lower case. */
export const ELEMENT_STATES = ['pending', 'runnable', 'starting', 'running', 'succeeded', 'failed'] as const;
export type ElementState = (typeof ELEMENT_STATES)[number];

/** True where a task or a job of this state can change no more. */
export function hasEnded(state: JobStatus['state']): boolean {
  return state === 'succeeded' || state === 'failed';
}

/** Counts of a job without tasks. */
export function noCounts(): Record<ElementState, number> {
  return { pending: 0, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 };
}

/** Between polls of a scheduler, unless the user wants another interval. */
export const POLL_INTERVAL_MS = 15_000;

/** What the tasks of one job need; asked before anything is submitted. */
export interface StepNeed {
  step: string;
  resources: TaskResources;
  image: string | undefined;
}

export interface JobStatus {
  jobId: string;
  /** `unknown` if the engine has forgotten the job: never to be read as finished. */
  state: ElementState | 'unknown';
  counts: Readonly<Record<ElementState, number>>;
  /** Why it does not start, as the engine reports it. */
  reason?: string;
  /** Why it is not likely to start unless somebody acts, and how. */
  stuck?: string;
}

/** Why a task that left no record has ended, as far as the engine knows. */
export interface TaskVerdict {
  index: number;
  cause: FailureCause;
  /** What the engine reported. */
  message: string;
  exitCode?: number;
  /** Number of tries that the engine made. */
  attempts?: number;
}

export interface EngineLimits {
  /** Largest array job (10,000 on AWS Batch; MaxArraySize or less on Slurm). */
  maxArraySize: number;
  /** Why, where it is not the engine's plain limit; `plan` shows it. */
  maxArrayReason?: string;
  /** True where a job can wait for another to end rather than to succeed. */
  afterAny: boolean;
  /** Most jobs that one job can wait for, where there is such a limit. */
  maxDependencies?: number;
  /** True where jobs go on after this process has ended. */
  detached: boolean;
  /** Most memory that one task can be given, where the engine knows it: a retry asks for no more. */
  largestMemoryMiB?: number;
  /** How long to wait between polls. */
  pollIntervalMs: number;
}

/** One result of a check before money is spent. */
export interface Finding {
  level: 'ok' | 'warning' | 'error';
  /** What was checked: `queue mixed`, `memory of step align`. */
  subject: string;
  message: string;
  hint?: string;
}

/** Where jobs run. One contract suite (src/testing/engine-contract.ts) holds for all of them. */
export interface Engine {
  readonly name: string;
  /** Asked once, before planning; may probe the cluster. */
  limits(): Promise<EngineLimits>;
  /** Is the engine usable for jobs of these needs? Never submits, never spends. */
  check(needs: readonly StepNeed[]): Promise<Finding[]>;
  /** Jobs of these names that the engine already has: asked before a submit whose answer may have been lost. */
  find(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Returns the job's id. Dependencies were submitted before. */
  submit(job: EngineJob, dependencies: readonly JobDependency[]): Promise<string>;
  /** Cost independent of the number of tasks. The order is that of `jobIds`. */
  poll(jobIds: readonly string[]): Promise<JobStatus[]>;
  /** Causes of tasks that the engine knows to have failed, for those without a record. */
  verdicts(jobId: string, indices: readonly number[]): Promise<TaskVerdict[]>;
  /** Stops all tasks of these jobs; resolves when none can run any more. */
  cancel(jobIds: readonly string[], reason: string): Promise<void>;
  /** What a task is printing, while it runs or where the engine keeps it; `undefined` where it has nothing. */
  log(jobId: string, index: number): Promise<string | undefined>;
  /** Releases everything that this process holds; jobs of a detached engine go on. */
  close(): Promise<void>;
}
