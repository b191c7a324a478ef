import type { TaskContext } from '../../record/protocol.ts';
import { isTransient } from '../../record/cause.ts';
import type { TaskVerdict } from '../engine.ts';
import type { LocalJob } from './element-table.ts';
import type { AttemptEnd, PooledAttempt, RunnerPool } from './runner-pool.ts';
import type { Schedule, Started } from './schedule.ts';
import { MemoryWatch, residentMiB, takenMiB, taskMemory } from './task-memory.ts';

/** A running task. */
export interface RunningTask {
  jobId: string;
  index: number;
  step: string;
  /** Monotonic milliseconds. */
  startedAt: number;
}

/** How long a runner may take, before it is killed, to stop its tools and write the record. */
export interface Grace {
  /** After its task's time limit. */
  timeLimit: number;
  /** After being asked to stop. */
  cancel: number;
}

/** Interval at which time and memory of tasks are checked; shorter tasks are not checked. */
const LOOK_MS = 500;

interface WatchedTask extends RunningTask {
  timeLimitSeconds: number;
  memoryMiB: number;
  /** Memory of the runner before this task. */
  runnerMiB: number;
  memory: MemoryWatch;
}

interface AttemptsOptions {
  schedule: Schedule;
  pool: RunnerPool;
  graceMs: Grace;
  /** Message to a runner about a task. */
  task: (job: LocalJob, index: number) => TaskContext;
}

/**
 * Starts what the schedule permits, enforces time and memory limits, and decides what a failure means: another attempt,
 * or a verdict.
 */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #running = new Map<PooledAttempt, WatchedTask>();
  /** Memory of runners at the end of their last task, by pid. */
  readonly #runnerMiB = new Map<number, number>();
  readonly #verdicts = new Map<string, Map<number, TaskVerdict>>();
  readonly #stopped = new Set<string>();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  get running(): RunningTask[] {
    return [...this.#running.values()];
  }

  /** Starts everything that can start now. */
  advance(): void {
    const { schedule } = this.#options;
    for (let next = schedule.next(); next; next = schedule.next()) this.#start(next);
    if (this.#running.size === 0) this.rest();
    else this.#looking ??= setInterval(() => this.#look(), LOOK_MS);
  }

  /** Stops checking tasks, and keeps no process alive. */
  rest(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Why these elements failed, if they left no record. */
  verdicts(jobId: string, indices: readonly number[]): TaskVerdict[] {
    return indices.flatMap((index) => this.#verdicts.get(jobId)?.get(index) ?? []);
  }

  /** Asks tasks to stop; those that do not stop in time are killed. Resolves when nothing of the jobs can run. */
  async cancel(jobs: readonly LocalJob[], reason: string): Promise<void> {
    const attempts = this.#stopJobs(jobs);
    for (const attempt of attempts) attempt.abort(reason);
    const kill = (attempt: PooledAttempt) => attempt.kill({ cause: 'cancelled', message: reason });
    const killing = setTimeout(() => attempts.forEach(kill), this.#options.graceMs.cancel);
    await Promise.all(attempts.map(({ over }) => over));
    clearTimeout(killing);
  }

  kill(jobs: readonly LocalJob[]): void {
    for (const attempt of this.#stopJobs(jobs)) attempt.kill({ cause: 'cancelled', message: 'Killed' });
  }

  #start(started: Started): void {
    const { pool, schedule, task } = this.#options;
    const { job, index } = started;
    const { timeLimitSeconds, memoryMiB } = job.job.resources;
    const attempt = pool.start(task(job, index));
    this.#running.set(attempt, {
      ...{ jobId: job.id, index, step: job.job.step, startedAt: performance.now(), timeLimitSeconds, memoryMiB },
      runnerMiB: this.#runnerMiB.get(attempt.pid) ?? 0,
      memory: new MemoryWatch(),
    });
    void attempt.over.then((end) => {
      this.#running.delete(attempt);
      // Read while the runner has no task: short tasks are never sampled, and the memory they leave is not charged to
      // the next.
      this.#runnerMiB.set(attempt.pid, residentMiB(attempt.pid));
      schedule.finish(started, this.#settle(started, end));
      this.advance();
    });
  }

  #settle({ job, index }: Started, end: AttemptEnd): 'succeeded' | 'failed' | 'again' {
    if (end.state !== 'failed') return 'succeeded';
    const tries = job.tries[index] as number;
    if (isTransient(end.cause) && tries < job.job.attempts && !this.#stopped.has(job.id)) return 'again';
    if (!end.recorded) this.#note(job.id, { index, cause: end.cause, message: end.message, attempts: tries });
    return 'failed';
  }

  #note(jobId: string, verdict: TaskVerdict): void {
    const ofJob = this.#verdicts.get(jobId) ?? new Map<number, TaskVerdict>();
    this.#verdicts.set(jobId, ofJob.set(verdict.index, verdict));
  }

  #look(): void {
    const now = performance.now();
    for (const [attempt, task] of this.#running) {
      this.#killIfOverdue(attempt, task, now);
      if (now - task.startedAt >= LOOK_MS) this.#holdToMemory(attempt, task, now);
    }
  }

  /** For runners that cannot enforce the time limit themselves because a step blocks them. */
  #killIfOverdue(attempt: PooledAttempt, { startedAt, timeLimitSeconds }: WatchedTask, now: number): void {
    if (now - startedAt < timeLimitSeconds * 1000 + this.#options.graceMs.timeLimit) return;
    attempt.kill({ cause: 'timeout', message: `The time limit of ${timeLimitSeconds} s was exceeded` });
  }

  #holdToMemory(attempt: PooledAttempt, task: WatchedTask, now: number): void {
    const seen = taskMemory(attempt.pid, task.memoryMiB);
    const taken = takenMiB(seen, task.runnerMiB);
    const message = `The task took ${taken} MB of memory, and had asked for ${task.memoryMiB} MB`;
    const verdict = task.memory.look(taken > task.memoryMiB, now);
    if (verdict === 'end') attempt.exceeded(message);
    if (verdict === 'kill') attempt.kill({ cause: 'out-of-memory', message });
  }

  /** Ends elements that have not started; returns those that have. */
  #stopJobs(jobs: readonly LocalJob[]): PooledAttempt[] {
    for (const job of jobs) {
      this.#stopped.add(job.id);
      this.#options.schedule.cancelWaiting(job);
    }
    return [...this.#running]
      .filter(([, { jobId }]) => jobs.some(({ id }) => id === jobId))
      .map(([attempt]) => attempt);
  }
}
