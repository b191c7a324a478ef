import { hostname } from 'node:os';
import {
  type Engine,
  type EngineJob,
  type EngineLimits,
  type Finding,
  type JobDependency,
  type JobStatus,
  noCounts,
} from '../engine.ts';
import { type TaskContext, VARIABLES } from '../../record/protocol.ts';
import { Attempts, type Grace, type RunningTask } from './attempts.ts';
import { isOver, type LocalJob } from './element-table.ts';
import { machineFindings } from './machine.ts';
import { RunnerPool } from './runner-pool.ts';
import { type Capacity, Schedule } from './schedule.ts';

export interface LocalEngineOptions {
  /** Resources that tasks may use together; the whole machine by default. */
  capacity: Capacity;
  /** The runner's main file. */
  runnerModule: string;
  /** Environment of runners and tools. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Folder for the attempts' scratch folders, best on the store's own disk. */
  scratchRoot: string;
  graceMs?: Partial<Grace>;
}

export interface LocalEngine extends Engine {
  /** Attempts run by this process. */
  running(): RunningTask[];
  /** Ends everything at once, without a record; nothing starts any more. */
  kill(): void;
}

const LIMITS: EngineLimits = {
  // Elements of one array; limited only by memory.
  maxArraySize: 100_000,
  afterAny: true,
  detached: false,
  pollIntervalMs: 100,
};
const GRACE_MS: Grace = { timeLimit: 30_000, cancel: 15_000 };

/** Runs jobs on this machine: no server, no account. Jobs live as long as the process that submitted them. */
export function createLocalEngine(options: LocalEngineOptions): LocalEngine {
  const graceMs = { ...GRACE_MS, ...options.graceMs };
  const { runnerModule: module, environment, scratchRoot } = options;
  const schedule = new Schedule(options.capacity);
  const pool = new RunnerPool({ module, environment, scratchRoot, host: hostname(), closeMs: graceMs.cancel });
  const attempts = new Attempts({ schedule, pool, graceMs, task: (job, index) => task(job, index, scratchRoot) });
  return {
    name: 'local',
    limits: async () => ({ ...LIMITS, largestMemoryMiB: options.capacity.memoryMiB }),
    check: async (needs): Promise<Finding[]> => machineFindings(needs, options.capacity),
    find: async () => new Map(),
    submit: async (job: EngineJob, dependencies: readonly JobDependency[]): Promise<string> => {
      schedule.add(job.name, job, dependencies);
      setImmediate(() => attempts.advance());
      return job.name;
    },
    poll: async (jobIds): Promise<JobStatus[]> => jobIds.map((jobId) => statusOf(jobId, schedule.job(jobId))),
    verdicts: async (jobId, indices) => attempts.verdicts(jobId, indices),
    cancel: (jobIds, reason) =>
      attempts.cancel(
        [...schedule.jobs].filter(({ id }) => jobIds.includes(id)),
        reason,
      ),
    log: async () => undefined,
    close: async () => {
      attempts.rest();
      await pool.close();
    },
    running: () => attempts.running,
    kill: () => attempts.kill([...schedule.jobs]),
  };
}

function task(job: LocalJob, index: number, scratchRoot: string): TaskContext {
  const { environment } = job.job;
  return {
    store: environment[VARIABLES.store] ?? '',
    run: environment[VARIABLES.run] ?? '',
    job: environment[VARIABLES.job] ?? '',
    index,
    attempt: job.tries[index] ?? 1,
    scratchRoot,
    host: hostname(),
    codeFolder: environment[VARIABLES.code],
  };
}

function statusOf(jobId: string, job: LocalJob | undefined): JobStatus {
  if (!job) {
    return { jobId, state: 'unknown', counts: noCounts() };
  }
  return { jobId, state: jobState(job), counts: { ...job.counts } };
}

function jobState(job: LocalJob): JobStatus['state'] {
  if (isOver(job)) return job.counts.failed > 0 ? 'failed' : 'succeeded';
  if (job.counts.running > 0) return 'running';
  return job.counts.runnable > 0 ? 'runnable' : 'pending';
}
