import { statfsSync } from 'node:fs';
import { PipelineError } from '../../errors.ts';
import { parseSize } from '../../pipeline/resources.ts';

/** The other half is for the outputs of tasks, which are on the same disk of an instance. */
const SHARE_OF_DISK = 0.5;
const MEBIBYTE = 1024 * 1024;

/**
 * Limit in bytes for all entries together: the user's setting, or half of the disk.
 * @throws PipelineError `task-environment` if it is not a size
 */
export function cacheLimit(folder: string, limit: string | undefined): number {
  if (!limit) {
    const { blocks, bsize } = statfsSync(folder);
    return blocks * bsize * SHARE_OF_DISK;
  }
  const mebibytes = parseSize(limit);
  if (mebibytes !== undefined) return mebibytes * MEBIBYTE;
  throw new PipelineError({
    code: 'task-environment',
    message: `BATCH_PIPELINE_CACHE_LIMIT is "${limit}", which is not a size`,
    hint: 'Give it like 50 GB, or omit it for half of the disk.',
  });
}
