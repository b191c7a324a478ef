import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

/** Nobody is to write to what all tasks of a run share; a declared script may be executed. */
const MODE = 0o555;

/** Unpacks the zip of a run's code, see `deploy/user-code.ts`, into an existing folder. */
export function unpackCode(zip: Uint8Array, folder: string): void {
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: MODE });
  }
}
