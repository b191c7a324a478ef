import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineChoice } from '../../engine/registry.ts';
import { openEngineFor, openWorkspace } from '../../run/workspace.ts';
import type { EngineHarness } from './engine-lab.ts';

/** How `openEngineFile` opens an engine. */
export interface EngineFileOptions {
  /** As of `--engine-option`: `name=value`, or `name` of a switch. */
  options?: readonly string[];
  /** Folder that tasks and this process see under the same path; by default the system's temporary folder. */
  home?: string;
  /** Variables that the engine sees; by default those of this process. */
  environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens an engine as `--engine FILE` does, with an empty store in a new folder below `home`. Polls twice a second unless
 * `BATCH_PIPELINE_POLL_SECONDS` is set.
 * @throws PipelineError `engine-unknown`, `engine-broken`, `engine-invalid`
 */
export async function openEngineFile(file: string, given: EngineFileOptions = {}): Promise<EngineHarness> {
  const { options = [], home = tmpdir() } = given;
  const environment = { BATCH_PIPELINE_POLL_SECONDS: '0.5', ...(given.environment ?? process.env) };
  const place = mkdtempSync(join(home, 'engine-contract-'));
  const folder = join(place, 'shared');
  mkdirSync(folder);
  const workspace = await openWorkspace({ store: join(place, 'store'), environment });
  const open = () => openEngineFor(workspace, engineChoice(file, {}, options));
  const another = async () => (await open()).engine;
  const { engine, elsewhere } = await open();
  const close = async () => {
    await engine.close();
    rmSync(place, { recursive: true, force: true });
  };
  return { engine, elsewhere, another, store: workspace.store, folder, close };
}
