import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  createLocalEngine,
  type LocalEngine,
  type LocalEngineOptions,
} from '../../../src/engine/local/local-engine.ts';
import { openFolderStore } from '../../../src/store/folder-store.ts';
import type { EngineHarness } from './engine-lab.ts';

/** Where the runner lies. */
export const RUNNER_FOLDER = resolve(import.meta.dirname, '../../../dist');

export interface LocalHarness extends EngineHarness {
  engine: LocalEngine;
  /** Folder of the store. */
  root: string;
  scratchRoot: string;
}

/** A local engine over a store below `home`. */
export async function openLocalHarness(home: string, more: Partial<LocalEngineOptions> = {}): Promise<LocalHarness> {
  const [root, folder] = [join(home, 'store'), join(home, 'shared')];
  mkdirSync(folder, { recursive: true });
  const scratchRoot = join(root, '.scratch');
  const engine = createLocalEngine({
    // More than the machine may have: these tasks wait for each other, and do nothing.
    capacity: { cpus: 8, memoryMiB: 8000 },
    runnerModule: join(RUNNER_FOLDER, 'runner.js'),
    environment: process.env,
    scratchRoot,
    ...more,
  });
  return { engine, store: openFolderStore(root), folder, root, scratchRoot, close: () => engine.close() };
}
