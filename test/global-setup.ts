import { ensureBuilt } from '../scripts/ensure-built.ts';

/** Before the first test of a run. */
export const setup = ensureBuilt;
