import { messageOf, PipelineError, systemCode } from '../../errors.ts';

/** The cache cannot be used: the file is staged without it. Never fails an attempt. */
export class CacheUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CacheUnusable';
  }
}

/** Errors of the stores that concern the local disk, not the object. */
const LOCAL = ['disk-full', 'file-unwritable'];

/** Turns an error of the cache's folder into a `CacheUnusable`; any other error concerns the input and is kept. */
export function unusableIfLocal(error: unknown): unknown {
  const ofDisk =
    error instanceof PipelineError ? LOCAL.includes(error.code) : /^E[A-Z0-9]+$/.test(systemCode(error) ?? '');
  return ofDisk ? new CacheUnusable(messageOf(error)) : error;
}
