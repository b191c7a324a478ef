import { ExitCode, PipelineError } from '../errors.ts';
import { isStoreAway } from '../store/store-errors.ts';

/** Exit codes of Fetch & Run itself; otherwise it has those of what it ran. Documented in docs/fetch-and-run.md. */
export const FetchAndRunExit = {
  /** The variables or arguments are wrong. */
  usage: ExitCode.usage,
  /** The object cannot be had or is not what it should be: another try would meet the same. */
  refused: ExitCode.environment,
  internal: ExitCode.internal,
  /** S3 does not answer or is busy, after all tries: EX_TEMPFAIL of sysexits.h, worth an `evaluateOnExit` of RETRY. */
  tryAgain: 75,
  /** As shells say it: found, but cannot be executed. */
  notExecutable: 126,
  /** As shells say it: no such program, or no such interpreter. */
  notFound: 127,
  /** As shells say it: 128 + the signal's number. */
  signal: 128,
} as const;

/** The exit code for an error that ended Fetch & Run before, or instead of, the program that it was to run. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof LaunchError) return error.shellCode;
  if (!(error instanceof PipelineError)) return FetchAndRunExit.internal;
  return isStoreAway(error) ? FetchAndRunExit.tryAgain : error.exitCode;
}

/** The fetched program could not be started. */
export class LaunchError extends PipelineError {
  readonly shellCode: 126 | 127;

  constructor(shellCode: 126 | 127, facts: { message: string; where: string; hint?: string }) {
    super({ code: 'fetch-and-run-launch', exitCode: ExitCode.environment, ...facts });
    this.shellCode = shellCode;
  }
}
