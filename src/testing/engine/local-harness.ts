import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalEngine, type LocalEngine, type LocalEngineOptions } from '../../engine/local/local-engine.ts';
import { runnerModule } from '../../run/program-files.ts';
import { openFolderStore } from '../../store/folder-store.ts';
import type { EngineHarness } from './engine-lab.ts';

export interface LocalHarness extends EngineHarness {
  engine: LocalEngine;
  /** Folder of the store. */
  root: string;
  scratchRoot: string;
}

/** A local engine with a store below `home`. */
export function openLocalHarness(home: string, more: Partial<LocalEngineOptions> = {}): LocalHarness {
  const [root, folder] = [join(home, 'store'), join(home, 'shared')];
  mkdirSync(folder, { recursive: true });
  const scratchRoot = join(root, '.scratch');
  const engine = createLocalEngine({
    // More than the machine may have: these tasks wait for each other, and do nothing.
    capacity: { cpus: 8, memoryMiB: 8000 },
    runnerModule: runnerModule(),
    environment: process.env,
    scratchRoot,
    ...more,
  });
  return { engine, store: openFolderStore(root), folder, root, scratchRoot, close: () => engine.close() };
}
