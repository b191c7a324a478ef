import { hasEnded, type JobStatus } from '../engine.ts';
import { given } from '../../given.ts';

interface KnownJob {
  /** Number of tasks at submission. */
  size?: number;
  /** Last time at which none of its tasks had ended, by `performance.now()`. */
  wholeAt?: number;
  last?: JobStatus;
}

/** Fraction of MinJobAge after which a live task may be forgotten before its dependents are examined. */
const SAFE_PART = 0.5;

/** What one process knows of its jobs without a query. It is only a cache: the cluster knows it, too. */
export class JobMemory {
  readonly #jobs = new Map<string, KnownJob>();
  readonly #steps = new Map<string, string[]>();

  submitted(jobId: string, step: string, size: number): void {
    this.#jobs.set(jobId, { size, wholeAt: performance.now() });
    this.#steps.set(step, [...(this.#steps.get(step) ?? []), jobId]);
  }

  polled(status: JobStatus, size: number | undefined): void {
    const { succeeded, failed } = status.counts;
    const whole = status.state !== 'unknown' && succeeded + failed === 0;
    this.#jobs.set(status.jobId, {
      ...this.#jobs.get(status.jobId),
      ...given({ size }),
      ...(whole ? { wholeAt: performance.now() } : {}),
      last: status,
    });
  }

  size(jobId: string): number | undefined {
    return this.#jobs.get(jobId)?.size;
  }

  /** Result of the last poll. */
  last(jobId: string): JobStatus | undefined {
    return this.#jobs.get(jobId)?.last;
  }

  /** True once the job has ended and nothing of it was forgotten: it will not change any more. */
  isFinal(jobId: string): boolean {
    const state = this.last(jobId)?.state;
    return state !== undefined && hasEnded(state);
  }

  /** True while the controller cannot have forgotten any task of this job. */
  isRemembered(jobId: string, minJobAgeSeconds: number): boolean {
    const wholeAt = this.#jobs.get(jobId)?.wholeAt;
    if (wholeAt === undefined) return false;
    return minJobAgeSeconds === 0 || performance.now() - wholeAt < minJobAgeSeconds * 1000 * SAFE_PART;
  }

  /** The job that is `lanes` before the next one of this step. */
  laneAhead(step: string, lanes: number): string | undefined {
    return this.#steps.get(step)?.at(-lanes);
  }
}
