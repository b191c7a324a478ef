import type { FailureCause } from '../../record/cause.ts';
import type { TaskVerdict } from '../engine.ts';
import type { JobDetail } from './batch-types.ts';
import { RunnerExit } from '../../record/protocol.ts';
import { given } from '../../given.ts';

/**
 * Why a task without a record has ended, according to Batch; `undefined` while it has not ended, and for one that never
 * ran because the task before it failed.
 */
export function verdict(job: JobDetail, index: number): TaskVerdict | undefined {
  const found = finding(job);
  if (!found) return undefined;
  const { exitCode } = lastTry(job);
  return {
    index,
    ...found,
    ...given({ exitCode }),
    attempts: Math.max(1, job.attempts.length),
  };
}

/** True for a task that never ran because one that it waits for failed. */
export function isDependencyFailure(statusReason: string | undefined): boolean {
  return /^dependent job failed/i.test(statusReason ?? '');
}

/** Fetch & Run did not run anything: wrong variables, nothing to fetch, or a program that cannot be started. */
const FETCH_AND_RUN_CODES = new Set([2, 3, 126, 127]);

type Finding = { cause: FailureCause; message: string };

function finding(job: JobDetail): Finding | undefined {
  if (job.status !== 'FAILED' || isDependencyFailure(job.statusReason)) return undefined;
  const message = words(job);
  return { cause: causeOf(job), message: `AWS Batch: ${message}` };
}

/**
 * The words are ECS's and Batch's: docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html,
 * docs.aws.amazon.com/batch/latest/userguide/job_retries.html, job_timeouts.html, job_stuck_in_runnable.html
 */
function causeOf(job: JobDetail): FailureCause {
  const { statusReason = '' } = job;
  const { exitCode, reason = '' } = lastTry(job);
  if (job.isCancelled || job.isTerminated) return /JobStateTimeLimit/.test(statusReason) ? 'start' : 'cancelled';
  if (/JobStateTimeLimit/.test(statusReason)) return 'start';
  if (statusReason.startsWith('Host EC2')) return 'spot';
  if (reason.startsWith('OutOfMemory')) return 'out-of-memory';
  if (/attempt duration exceeded timeout/i.test(statusReason)) return 'timeout';
  if (/^(Cannot\w+|DockerTimeout|ResourceInitialization|TaskFailedToStart)/.test(reason)) return 'start';
  if (/failed to start/i.test(statusReason)) return 'start';
  if (exitCode === undefined || exitCode === RunnerExit.tryAgain || exitCode >= 128) return 'lost';
  return FETCH_AND_RUN_CODES.has(exitCode) ? 'start' : 'tool';
}

/** Batch's own words, with the container's reason if that adds something. */
function words(job: JobDetail): string {
  const { exitCode, reason } = lastTry(job);
  const parts = [job.statusReason, reason].filter((part) => part !== undefined && part !== '');
  const code = exitCode === undefined ? [] : [`exit code ${exitCode}`];
  return [...new Set([...parts, ...code])].join('; ') || 'FAILED without a reason';
}

/** The last attempt; absent for a job terminated before it ran. */
function lastTry(job: JobDetail): { exitCode?: number | undefined; reason?: string | undefined } {
  return job.attempts.at(-1)?.container ?? job.container ?? {};
}
