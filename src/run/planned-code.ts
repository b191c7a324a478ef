import { mkdtempSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExitCode, PipelineError, throwAll } from '../errors.ts';
import type { Identities } from '../pipeline/code-identity.ts';
import { loadCode } from '../pipeline/load-code.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Manifest } from '../record/manifest.ts';
import { codeDigits } from '../record/task-key.ts';
import { readSamples } from '../ledger/task-table.ts';
import { otherTool } from '../runner/planned-tools.ts';
import { digitsOf } from '../runner/run-code.ts';
import { makeScratch, removeScratch } from '../runner/scratch.ts';
import { unpackCode } from '../runner/unpack-code.ts';
import type { Store } from '../store/store.ts';
import type { OpenedEngine } from '../engine/provider.ts';
import { restoreCode } from './restore-bundle.ts';
import type { Workspace } from './workspace.ts';

/** What a run was planned with. */
export interface PlannedCode {
  pipeline: Pipeline;
  /** Zip of a user's pipeline; a run by a program before it was kept has none. */
  zip?: Uint8Array;
  /** Where it is unpacked. */
  folder?: string;
}

/** The pipeline of a run as it was planned; of a run that kept no code, as its file is now. */
export async function openPlannedCode(
  { store, scratchRoot }: Pick<Workspace, 'store' | 'scratchRoot'>,
  manifest: Manifest,
  isLocal: boolean,
): Promise<PlannedCode> {
  if (!manifest.code) return { pipeline: (await loadPipeline(manifest.pipelineSource)).pipeline };
  const zip = await restoreCode(store, manifest);
  const folder = unpackForThisProcess(zip, isLocal ? scratchRoot : undefined);
  return { pipeline: (await loadCode(folder)).pipeline, zip, folder };
}

/**
 * Unpacks code for as long as this process lives.
 * @param scratchRoot given where runners of this machine use it: they remove what a killed process leaves there
 */
export function unpackForThisProcess(zip: Uint8Array, scratchRoot: string | undefined): string {
  const folder = scratchRoot
    ? makeScratch(scratchRoot, hostname())
    : mkdtempSync(join(tmpdir(), 'batch-pipeline-code-'));
  process.once('exit', () => removeScratch(folder));
  unpackCode(zip, folder);
  return folder;
}

/**
 * Compares the code of a run with today's, for these steps, and returns those that have been edited since: a run that
 * kept its code keeps it.
 * @throws PipelineError `code-changed` for edited steps of a run that kept none
 */
export async function editedSteps(store: Store, manifest: Manifest, steps: readonly string[]): Promise<string[]> {
  const now = await identitiesOf(manifest.pipelineSource).catch((error: unknown) => {
    // A run that kept its code needs neither the pipeline's file nor those that a step declares.
    if (manifest.code) return undefined;
    throw error;
  });
  const changed = now ? await changedSteps(store, manifest, now, steps) : [];
  if (changed.length > 0 && !manifest.code) throw otherCode(manifest, changed);
  return changed;
}

async function identitiesOf(source: string): Promise<Identities> {
  return (await loadPipeline(source)).identities();
}

async function changedSteps(
  store: Store,
  manifest: Manifest,
  identities: Identities,
  steps: readonly string[],
): Promise<string[]> {
  const planned = await plannedCodes(store, manifest);
  return steps.filter((step) => {
    const before = planned[step];
    const today = identities[step];
    return before !== undefined && (today === undefined || !digitsOf(today).includes(before));
  });
}

/** By step; a run by a program that did not say so tells it by the keys of its tasks. */
async function plannedCodes(store: Store, manifest: Manifest): Promise<Record<string, string | undefined>> {
  const samples = manifest.version === 1 ? await readSamples(store, manifest) : [];
  return Object.fromEntries(
    manifest.steps.map(({ name, code, task }) => {
      const key = task?.key ?? samples.find(({ tasks }) => tasks[name])?.tasks[name]?.key;
      return [name, code ?? (key && codeDigits(key))];
    }),
  );
}

function otherCode({ run, pipelineSource, programVersion }: Manifest, changed: readonly string[]): PipelineError {
  const names = changed.join(', ');
  const subject = changed.length > 1 ? `steps ${names} were` : `step ${names} was`;
  const builtIn = pipelineSource.startsWith('builtin:');
  return new PipelineError({
    code: 'code-changed',
    message: builtIn
      ? `Run ${run} was planned by version ${programVersion} of this program, and ${subject} changed since`
      : `In run ${run}, ${subject} edited since it was planned`,
    where: pipelineSource,
    hint: '"batch-pipeline run" makes a new plan with the new code; finished work that has not changed is kept.',
    exitCode: ExitCode.usage,
  });
}

/**
 * What an image holds is what it held; without one a task finds what there is where it runs.
 * @param pipeline with the steps that are to run
 * @param environments as for a new run
 * @throws PipelineErrors `tool-changed` for tools that are others than those that the run was planned with
 */
export async function refuseOtherTools(
  { run, steps }: Manifest,
  pipeline: Pipeline,
  environments: OpenedEngine['environments'],
): Promise<void> {
  const bare = pipeline.steps.filter(({ name }) => steps.find((step) => step.name === name)?.image === undefined);
  if (bare.length === 0) return;
  const found = await environments({ ...pipeline, steps: bare });
  const errors = new Map<string, PipelineError>();
  for (const { name, toolVersions } of steps)
    for (const [tool, version] of Object.entries(found[name]?.toolVersions ?? {})) {
      const planned = toolVersions[tool] ?? 'not needed';
      // A version that is unknown, then or now, does not count as changed.
      if (planned === 'unknown' || version === 'unknown') continue;
      if (planned !== version) errors.set(tool, otherTool({ run, tool, planned, version }));
    }
  throwAll([...errors.values()]);
}
