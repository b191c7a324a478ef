import { join, resolve } from 'node:path';
import type { LocalEngineOptions } from '../../../src/engine/local/local-engine.ts';
import { type LocalHarness, openLocalHarness as open } from '../../../src/testing/engine/local-harness.ts';

/** Folder of the built runner. */
export const RUNNER_FOLDER = resolve(import.meta.dirname, '../../../dist');

/** A local engine of this source with the built runner, and a store below `home`. */
export function openLocalHarness(home: string, more: Partial<LocalEngineOptions>): LocalHarness {
  return open(home, { runnerModule: join(RUNNER_FOLDER, 'runner.js'), ...more });
}
