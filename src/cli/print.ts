import { errorText } from '../views/error-text.ts';
import { ExitCode, isEnvironmentError, PipelineError } from '../errors.ts';

/** Writes to stdout, whole. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Notices, progress and errors: stderr, so that stdout can be piped. */
export function notice(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** Prints an error in full and returns the exit code that goes with it. */
export function fail(error: unknown): ExitCode {
  notice(errorText(error));
  if (error instanceof PipelineError) return error.exitCode;
  return isEnvironmentError(error) ? ExitCode.environment : ExitCode.internal;
}
