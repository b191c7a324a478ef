import { ExitCode, PipelineError } from '../errors.ts';
import { RunnerExit } from '../record/protocol.ts';
import { isStoreAway } from '../store/store-errors.ts';

/**
 * Exit codes of Fetch & Run itself; otherwise it exits with the code of its program. Documented in
 * docs/fetch-and-run.md.
 */
export const FetchAndRunExit = {
  /** The variables or arguments are wrong. */
  usage: ExitCode.usage,
  /** The object is unavailable or wrong: another attempt would fail the same way. */
  refused: ExitCode.environment,
  internal: ExitCode.internal,
  /**
   * S3 does not answer or is busy, after all attempts: EX_TEMPFAIL of sysexits.h, worth an `evaluateOnExit` of RETRY.
   */
  tryAgain: RunnerExit.tryAgain,
  /** As in shells: found, but not executable. */
  notExecutable: 126,
  /** As in shells: no such program or interpreter. */
  notFound: 127,
  /** As in shells: 128 + the signal's number. */
  signal: 128,
} as const;

/** The exit code for an error that ended Fetch & Run before, or instead of, its program. */
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
