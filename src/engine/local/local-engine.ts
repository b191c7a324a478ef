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
/** After its time limit a runner has this long to stop its tools and write the record. */
const TIMEOUT_GRACE_MS = 30_000;
/** After being asked to stop. */
const CANCEL_GRACE_MS = 15_000;

/** Runs jobs on this machine: no server, no account. Jobs live as long as the process that submitted them. */
export function createLocalEngine(options: LocalEngineOptions): LocalEngine {
  const schedule = new Schedule(options.capacity);
  const pool = new RunnerPool({ module: options.runnerModule, environment: options.environment });
  const attempts = new Map<PooledAttempt, RunningTask>();
  const verdicts = openVerdicts();
  let keepAlive: NodeJS.Timeout | undefined;

  const start = (started: Started): void => {
    const { job, index } = started;
    const attempt = pool.start(task(job, index, options));
    attempts.set(attempt, { jobId: job.id, index, step: job.job.step, startedAt: performance.now() });
    const watchdog = setTimeout(
      () => attempt.kill(),
      job.job.resources.timeLimitSeconds * 1000 + TIMEOUT_GRACE_MS,
    ).unref();
    void attempt.over.then((end) => {
      clearTimeout(watchdog);
      attempts.delete(attempt);
      schedule.finish(started, settle(started, end));
      advance();
    });
  };

  const settle = ({ job, index }: Started, end: AttemptEnd): 'succeeded' | 'failed' | 'again' => {
    if (end.state !== 'failed') return 'succeeded';
    const tries = job.tries[index] as number;
    if (isTransient(end.cause) && tries < job.job.attempts) return 'again';
    if (!end.recorded) verdicts.note(job.id, { index, cause: end.cause, message: end.message, attempts: tries });
    return 'failed';
  };

  const advance = (): void => {
    for (let next = schedule.next(); next; next = schedule.next()) start(next);
    clearInterval(keepAlive);
    if (attempts.size > 0) keepAlive = setInterval(() => undefined, 1 << 30);
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
      for (const job of schedule.jobs) if (jobIds.includes(job.id)) schedule.cancelWaiting(job);
      const ours = [...attempts].filter(([, { jobId }]) => jobIds.includes(jobId)).map(([attempt]) => attempt);
      await endAttempts(ours, reason);
    },
    log: async () => undefined,
    close: async () => {
      clearInterval(keepAlive);
      await pool.close();
    },
    running: () => [...attempts.values()],
    kill: () => [...attempts.keys()].forEach((attempt) => attempt.kill()),
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
async function endAttempts(attempts: readonly PooledAttempt[], reason: string): Promise<void> {
  for (const attempt of attempts) attempt.abort(reason);
  const killing = setTimeout(() => attempts.forEach((attempt) => attempt.kill()), CANCEL_GRACE_MS);
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
