import { ExitCode, PipelineError } from '../errors.ts';

/** Thrown by the transfers where there is no such object. */
export function objectNotFound(url: string, key: string): PipelineError {
  return new PipelineError({
    code: 'object-not-found',
    message: `There is no object "${key}"`,
    where: url,
    exitCode: ExitCode.environment,
  });
}

/** Content differs from the SHA-256 that was recorded for it; nothing was published under the final name. */
export function checksumMismatch(where: string, expected: string, actual: string): PipelineError {
  return new PipelineError({
    code: 'checksum-mismatch',
    message: `The content has SHA-256 ${actual}, but ${expected} is expected`,
    where,
    hint: 'It was changed or damaged after it was recorded: make it again, or restore it.',
    exitCode: ExitCode.environment,
  });
}

/** The local file that was to be stored is not there or cannot be read. */
export function fileUnreadable(path: string, cause: unknown): PipelineError {
  return new PipelineError({
    code: 'file-unreadable',
    message: 'The file to store cannot be read',
    where: path,
    exitCode: ExitCode.environment,
    cause,
  });
}

/** True for an abort: passed on as it is, since it is no failure of the store. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
