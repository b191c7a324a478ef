import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { localFileError } from '../store/store-errors.ts';

/** Files that all tasks of a run share are read-only; a declared script may be executed. */
const MODE = 0o555;

/**
 * Unpacks the zip of a run's code, see `deploy/user-code.ts`, into an existing folder.
 * @throws PipelineError `disk-full` or `file-unwritable`
 */
export function unpackCode(zip: Uint8Array, folder: string): void {
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const path = join(folder, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: MODE });
    } catch (error) {
      throw localFileError(error, path);
    }
  }
}
