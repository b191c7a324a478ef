import { PipelineError } from '../../errors.ts';
import { RunnerExit } from '../../record/protocol.ts';
import type { ExitRule, RetryStrategy } from './batch-types.ts';
import { BATCH_LIMITS } from './limits.ts';

/**
 * What is tried again: a machine that was taken away, a container that could not start, and what the runner itself
 * calls passing. A tool's error is not, nor is a lack of memory or time: what no rule matches would be tried again,
 * so that the last rule ends it.
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

/** `attempts` tries in all, the first included. */
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
