import { messageOf, PipelineError, systemCode } from '../../errors.ts';

/** The cache cannot serve: the file is staged as if there were none. Never the end of an attempt. */
export class CacheUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CacheUnusable';
  }
}

/** What the stores say of the local disk, not of the object. */
const LOCAL = ['disk-full', 'file-unwritable'];

/** A failure of the cache's own folder is no failure of the input; any other error stays what it is. */
export function unusableIfLocal(error: unknown): unknown {
  const ofDisk =
    error instanceof PipelineError ? LOCAL.includes(error.code) : /^E[A-Z0-9]+$/.test(systemCode(error) ?? '');
  return ofDisk ? new CacheUnusable(messageOf(error)) : error;
}
