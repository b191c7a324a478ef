import { ExitCode, PipelineError, messageOf, systemCode } from '../../errors.ts';
import { isAbort } from '../store-errors.ts';

interface Explanation {
  code: string;
  message: string;
  hint?: string;
}

const UNWRITABLE: Explanation = {
  code: 'store-unwritable',
  message: 'No permission to write to the store',
  hint: 'Check owner, permissions and mount options of the folder, or choose another store.',
};
const FULL: Explanation = {
  code: 'store-full',
  message: 'No space is left in the store',
  hint: 'Free some space, then run the same command again: finished tasks are kept.',
};
const CONFLICT: Explanation = {
  code: 'store-key-conflict',
  message: 'In a folder, a name cannot be both an object and part of the keys of others',
};

const ON_WRITE: Readonly<Record<string, Explanation>> = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, message: 'Your disk quota in the store is exhausted' },
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  EROFS: UNWRITABLE,
  ENOTDIR: CONFLICT,
  EISDIR: CONFLICT,
  EEXIST: CONFLICT,
  ENOTEMPTY: CONFLICT,
  ENOTSUP: {
    code: 'store-unsuitable',
    message: 'The filesystem of the store does not support hard links',
    hint: 'Use another.',
  },
};

const UNREADABLE: Explanation = {
  code: 'store-unreadable',
  message: 'No permission to read the store',
  hint: 'Check owner and permissions of the folder.',
};
const ON_READ: Readonly<Record<string, Explanation>> = { EACCES: UNREADABLE, EPERM: UNREADABLE };

/** Turns an error of `node:fs` into a PipelineError with a hint; passes on aborts and PipelineErrors. */
export function folderError(error: unknown, path: string, access: 'read' | 'write'): unknown {
  if (error instanceof PipelineError || isAbort(error)) return error;
  const code = systemCode(error) ?? '';
  const known = (access === 'write' ? ON_WRITE : ON_READ)[code];
  const explanation = known ?? { code: 'store-failed', message: `The store failed: ${messageOf(error)}` };
  return new PipelineError({ ...explanation, where: path, exitCode: ExitCode.environment, cause: error });
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

/** True for the errors that mean that a file does not exist. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(systemCode(error) ?? '');
}

/** Runs a synchronous `action` on `path`; its errors become PipelineErrors. */
export function attempt<T>(path: string, access: 'read' | 'write', action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw folderError(error, path, access);
  }
}
