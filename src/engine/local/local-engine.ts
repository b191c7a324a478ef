import { availableParallelism, hostname } from 'node:os';
import { isTransient } from '../../record/cause.ts';
import type { Engine, EngineJob, EngineLimits, Finding, JobDependency, JobStatus, TaskVerdict } from '../engine.ts';
import { isOver, type LocalJob } from './element-table.ts';
import { machineFindings } from './machine.ts';
import { type AttemptEnd, type PooledAttempt, RunnerPool } from './runner-pool.ts';
import { type Capacity, Schedule, type Started } from './schedule.ts';

export interface LocalEngineOptions {
  /** What tasks may use together; the whole machine by default. */
  capacity: Capacity;
  /** The runner's main file. */
  runnerModule: string;
  /** Environment of runners and tools. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Folder for the attempts' scratch folders, best on the store's own disk. */
  scratchRoot: string;
  graceMs?: Partial<Grace>;
}

/** How long a runner may take, before it is killed, to stop its tools and write the record. */
interface Grace {
  /** After its task's time limit. */
  timeLimit: number;
  /** After being asked to stop. */
  cancel: number;
}

/** A task that runs right now. */
export interface RunningTask {
  jobId: string;
  index: number;
  step: string;
  /** Monotonic milliseconds. */
  startedAt: number;
}

export interface LocalEngine extends Engine {
  /** What runs in this process's care. */
  running(): RunningTask[];
  /** Ends everything at once, without a word to anyone. */
  kill(): void;
}

const LIMITS: EngineLimits = {
  // Elements of one array; memory is the only bound.
  maxArraySize: 100_000,
  afterAny: true,
  detached: false,
  pollIntervalMs: 100,
};
const GRACE_MS: Grace = { timeLimit: 30_000, cancel: 15_000 };
/** How often is looked whether a runner is over its time. */
const LOOK_MS = 1000;

/** Runs jobs on this machine: no server, no account. Jobs live as long as the process that submitted them. */
export function createLocalEngine(options: LocalEngineOptions): LocalEngine {
  const schedule = new Schedule(options.capacity);
  const graceMs = { ...GRACE_MS, ...options.graceMs };
  const { runnerModule: module, environment, scratchRoot } = options;
  const pool = new RunnerPool({ module, environment, scratchRoot, host: hostname(), closeMs: graceMs.cancel });
  const attempts = new Map<PooledAttempt, RunningTask & { timeLimitSeconds: number }>();
  const verdicts = openVerdicts();
  const cancelled = new Set<string>();
  let looking: NodeJS.Timeout | undefined;

  const start = (started: Started): void => {
    const { job, index } = started;
    const attempt = pool.start(task(job, index, options));
    const { timeLimitSeconds } = job.job.resources;
    const startedAt = performance.now();
    attempts.set(attempt, { jobId: job.id, index, step: job.job.step, startedAt, timeLimitSeconds });
    void attempt.over.then((end) => {
      attempts.delete(attempt);
      schedule.finish(started, settle(started, end));
      advance();
    });
  };

  const settle = ({ job, index }: Started, end: AttemptEnd): 'succeeded' | 'failed' | 'again' => {
    if (end.state !== 'failed') return 'succeeded';
    const tries = job.tries[index] as number;
    if (isTransient(end.cause) && tries < job.job.attempts && !cancelled.has(job.id)) return 'again';
    if (!end.recorded) verdicts.note(job.id, { index, cause: end.cause, message: end.message, attempts: tries });
    return 'failed';
  };

  const advance = (): void => {
    for (let next = schedule.next(); next; next = schedule.next()) start(next);
    clearInterval(looking);
    if (attempts.size > 0) looking = setInterval(killOverdue, LOOK_MS);
  };

  /** For runners that do not keep the time limit themselves, because a step does not let them. */
  const killOverdue = (): void => {
    for (const [attempt, { startedAt, timeLimitSeconds }] of attempts) {
      if (performance.now() - startedAt < timeLimitSeconds * 1000 + graceMs.timeLimit) continue;
      attempt.kill({ cause: 'timeout', message: `The time limit of ${timeLimitSeconds} s is over` });
    }
  };

  /** Ends what has not started; answers what has. */
  const stopJobs = (jobs: readonly LocalJob[]): PooledAttempt[] => {
    for (const job of jobs) {
      cancelled.add(job.id);
      schedule.cancelWaiting(job);
    }
    return [...attempts].filter(([, { jobId }]) => jobs.some(({ id }) => id === jobId)).map(([attempt]) => attempt);
  };

  return {
    name: 'local',
    limits: async () => LIMITS,
    check: async (needs): Promise<Finding[]> => machineFindings(needs, options.capacity),
    find: async () => new Map(),
    submit: async (job: EngineJob, dependencies: readonly JobDependency[]): Promise<string> => {
      schedule.add(job.name, job, dependencies);
      setImmediate(advance);
      return job.name;
    },
    poll: async (jobIds): Promise<JobStatus[]> => jobIds.map((jobId) => statusOf(jobId, schedule.job(jobId))),
    verdicts: async (jobId, indices) => verdicts.of(jobId, indices),
    cancel: async (jobIds, reason): Promise<void> => {
      await endAttempts(stopJobs([...schedule.jobs].filter(({ id }) => jobIds.includes(id))), reason, graceMs.cancel);
    },
    log: async () => undefined,
    close: async () => {
      clearInterval(looking);
      await pool.close();
    },
    running: () => [...attempts.values()],
    kill: () => {
      for (const attempt of stopJobs([...schedule.jobs])) attempt.kill({ cause: 'cancelled', message: 'Killed' });
    },
  };
}

/** Why elements failed that left no record. */
function openVerdicts() {
  const known = new Map<string, Map<number, TaskVerdict>>();
  return {
    note(jobId: string, verdict: TaskVerdict): void {
      const ofJob = known.get(jobId) ?? new Map<number, TaskVerdict>();
      known.set(jobId, ofJob.set(verdict.index, verdict));
    },
    of: (jobId: string, indices: readonly number[]): TaskVerdict[] =>
      indices.flatMap((index) => known.get(jobId)?.get(index) ?? []),
  };
}

/** Asks attempts to stop; those that do not hear it in time are killed. Resolves when all are over. */
async function endAttempts(attempts: readonly PooledAttempt[], reason: string, graceMs: number): Promise<void> {
  for (const attempt of attempts) attempt.abort(reason);
  const kill = (attempt: PooledAttempt) => attempt.kill({ cause: 'cancelled', message: reason });
  const killing = setTimeout(() => attempts.forEach(kill), graceMs);
  await Promise.all(attempts.map(({ over }) => over));
  clearTimeout(killing);
}

/** What this machine offers by default. */
export function machineCapacity(totalMemoryMiB: number): Capacity {
  return { cpus: availableParallelism(), memoryMiB: totalMemoryMiB };
}

function task(job: LocalJob, index: number, options: LocalEngineOptions): unknown {
  const { environment } = job.job;
  return {
    store: environment['BATCH_PIPELINE_STORE'],
    run: environment['BATCH_PIPELINE_RUN'],
    job: environment['BATCH_PIPELINE_JOB'],
    index,
    attempt: job.tries[index],
    scratchRoot: options.scratchRoot,
    host: hostname(),
  };
}

function statusOf(jobId: string, job: LocalJob | undefined): JobStatus {
  if (!job) {
    const counts = { pending: 0, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 };
    return { jobId, state: 'unknown', counts };
  }
  return { jobId, state: jobState(job), counts: { ...job.counts } };
}

function jobState(job: LocalJob): JobStatus['state'] {
  if (isOver(job)) return job.counts.failed > 0 ? 'failed' : 'succeeded';
  if (job.counts.running > 0) return 'running';
  return job.counts.runnable > 0 ? 'runnable' : 'pending';
}
