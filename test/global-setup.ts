import { ensureBuilt } from '../scripts/ensure-built.ts';

/** Before the first test of a run: the command, and Fetch & Run, which is the entrypoint where jobs are processes. */
export const setup = ensureBuilt;
