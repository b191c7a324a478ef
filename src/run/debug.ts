import { findRun, readManifest } from '../ledger/run-store.ts';
import { readTaskTable } from '../ledger/task-table.ts';
import { writeStderr } from '../runner/attempt-guard.ts';
import { type DebugEnd, debugTask } from '../runner/debug-task.ts';
import { storeOptions } from '../store/store-options.ts';
import { wantedTask } from './task-log.ts';
import type { Workspace } from './workspace.ts';

export type { DebugEnd } from '../runner/debug-task.ts';

export interface DebugOptions {
  /** Default: the latest run. */
  run: string | undefined;
  sample: string;
  /** Default: the step that failed, else the last one that has run. */
  step: string | undefined;
  /** New folder to work in, for a step; it is kept. */
  folder: (step: string) => string;
}

/**
 * Prepares a task of a run, to be performed again on this machine, where its step and tools print to stderr. Nothing
 * is published.
 * @throws PipelineError `run-not-found`, `sample-unknown`, `step-unknown`
 */
export async function prepareDebug(
  { store, environment }: Workspace,
  { run, sample, step, folder }: DebugOptions,
): Promise<(signal: AbortSignal) => Promise<DebugEnd>> {
  const manifest = await readManifest(store, await findRun(store, run));
  const { wanted } = wantedTask(await readTaskTable(store, manifest), sample, step);
  const task = { manifest, step: wanted, sample, folder: folder(wanted), write: writeStderr };
  const equipment = { environment: { ...environment }, store: storeOptions(environment) };
  return (signal) => debugTask(store, { ...task, signal }, equipment);
}
