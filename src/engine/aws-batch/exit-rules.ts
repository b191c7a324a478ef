import { PipelineError } from '../../errors.ts';
import { RunnerExit } from '../../record/protocol.ts';
import type { ExitRule, RetryStrategy } from './batch-types.ts';
import { BATCH_LIMITS } from './limits.ts';

/**
 * Attempted again: a reclaimed instance, a container that could not start, and causes that the runner reports as
 * transient. Not so a tool's error, or a lack of memory or time: Batch retries whatever no rule matches, so the last
 * rule ends it.
 *
 * docs.aws.amazon.com/batch/latest/userguide/job_retries.html, docs.aws.amazon.com/AmazonECS/latest/developerguide/
 * stopped-task-error-codes.html (CannotPullContainerError, CannotStartContainerError, CannotCreateContainerError…)
 */
export const EXIT_RULES: readonly ExitRule[] = [
  { onStatusReason: 'Host EC2*', action: 'RETRY' },
  { onReason: 'Cannot*', action: 'RETRY' },
  { onReason: 'DockerTimeoutError*', action: 'RETRY' },
  { onExitCode: String(RunnerExit.tryAgain), action: 'RETRY' },
  { onReason: '*', action: 'EXIT' },
];

/** `attempts` in all, including the first. */
export function retryStrategy(attempts: number): RetryStrategy {
  if (attempts > BATCH_LIMITS.maxAttempts) {
    throw new PipelineError({
      code: 'batch-attempts',
      message: `AWS Batch tries a task ${BATCH_LIMITS.maxAttempts} times at most, not ${attempts} times`,
      hint: 'Lower "attempts" of the step.',
    });
  }
  return attempts === 1 ? { attempts } : { attempts, evaluateOnExit: [...EXIT_RULES] };
}
