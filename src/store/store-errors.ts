import { ExitCode, PipelineError, messageOf, systemCode } from '../errors.ts';

/** Thrown by transfers if there is no such object. */
export function objectNotFound(where: string): PipelineError {
  return new PipelineError({
    code: 'object-not-found',
    message: 'There is no such object',
    where,
    exitCode: ExitCode.environment,
  });
}

/**
 * The content differs from its recorded SHA-256, or from the server's checksum; nothing was published under the final
 * name.
 */
export function checksumMismatch(where: string, expected: string, actual: string): PipelineError {
  return new PipelineError({
    code: 'checksum-mismatch',
    message: `The content has checksum ${actual}, but ${expected} is expected`,
    where,
    hint: 'It was changed or damaged after it was recorded: recreate or restore it.',
    exitCode: ExitCode.environment,
  });
}

/** The local file to store is missing or cannot be read. */
export function fileUnreadable(path: string, cause: unknown): PipelineError {
  return new PipelineError({
    code: 'file-unreadable',
    message: 'The file to store cannot be read',
    where: path,
    exitCode: ExitCode.environment,
    cause,
  });
}

const AWAY = new Set(['store-busy', 'store-unreachable', 'store-failed']);

/** True if a store did not answer or was busy after all attempts: the same request may succeed later. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof PipelineError && AWAY.has(error.code);
}

/** True for an abort, which is passed on unchanged since it is not a failure of the store. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The local file for a downloaded object cannot be written. */
export function localFileError(error: unknown, path: string): PipelineError {
  const full = systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT';
  return new PipelineError({
    code: full ? 'disk-full' : 'file-unwritable',
    message: full ? 'No space is left on the local disk' : `The local file cannot be written: ${messageOf(error)}`,
    where: path,
    ...(full ? { hint: 'Free some space, then run the same command again: finished tasks are kept.' } : {}),
    exitCode: ExitCode.environment,
    cause: error,
  });
}
