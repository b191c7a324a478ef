import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import { ExitCode, PipelineError } from '../errors.ts';
import { partDigits } from '../record/task-key.ts';
import type { StepIdentity } from '../pipeline/code-identity.ts';
import { loadCode } from '../pipeline/load-code.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { bundleKey } from '../record/keys.ts';
import type { Bundle, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import type { TaskContext } from '../record/protocol.ts';

/** The code that the tasks of a run execute. */
export interface RunCode {
  pipeline: Pipeline;
  /** Absolute: the folder to which names of declared files are relative. */
  home: string;
  /** Absolute: where a user's pipeline is unpacked. */
  folder?: string;
  /** By step, where it is not the code kept with the run: its digits in task keys, as any build computes them. */
  codes?: Readonly<Record<string, readonly string[]>>;
}

/** Finds the code of a run for an attempt; called once per run and runner. */
export type CodeSource = (manifest: Manifest, task: TaskContext, store: Store) => Promise<RunCode>;

/**
 * The code kept with the run: unpacked by the process that submitted it, or now, for the lifetime of this process. A
 * built-in pipeline is part of this program. Runs by older versions kept no code: theirs is loaded from its original
 * path; see `refuseOtherCode`.
 */
export const openRunCode: CodeSource = async (manifest, task, store) => {
  if (task.codeFolder !== undefined) return loadCode(task.codeFolder);
  if (!manifest.code) return loadSource(manifest.pipelineSource);
  const folder = makeScratch(task.scratchRoot, task.host);
  process.once('exit', () => removeScratch(folder));
  return unpackRunCode(store, manifest.code, folder);
};

/** Unpacks the code that was kept with a run into an existing folder, and loads it from there. */
export async function unpackRunCode(store: Store, code: Bundle, folder: string): Promise<RunCode> {
  const [{ unpackCode }, zip] = await Promise.all([import('./unpack-code.ts'), readCode(store, code)]);
  unpackCode(zip, folder);
  return loadCode(folder);
}

async function loadSource(source: string): Promise<RunCode> {
  const { loadPipeline } = await import('../pipeline/load-pipeline.ts');
  const loaded = await loadPipeline(source);
  const identities = Object.entries(await loaded.identities());
  const codes = Object.fromEntries(identities.map(([step, identity]) => [step, digitsOf(identity)]));
  return { pipeline: loaded.pipeline, home: dirname(source), codes };
}

/** The digits by which keys may know a step's code: this build's, and those of builds up to 6220dab. */
export function digitsOf({ code, legacy }: StepIdentity): string[] {
  return [code, ...(legacy === undefined ? [] : [legacy])].map(partDigits);
}

/**
 * Refuses code that the task was not planned with: a built-in pipeline of another version of this program, or an edited
 * file where the code was not kept.
 * @param planned see `digitsOf`
 * @throws PipelineError `code-changed`
 */
export function refuseOtherCode({ codes }: RunCode, { step, planned }: { step: string; planned: string }): void {
  if (!codes || codes[step]?.includes(planned)) return;
  throw new PipelineError({
    code: 'code-changed',
    message: `The code of step ${step} is not what the run was planned with`,
    hint: '"batch-pipeline run" makes a new plan; finished work that has not changed is kept.',
    exitCode: ExitCode.environment,
  });
}

/** @throws PipelineError `code-gone` where the object is missing or has changed */
async function readCode(store: Store, { sha256, location }: Bundle): Promise<Uint8Array> {
  const bytes = await store.read(bundleKey(sha256));
  if (bytes && hash('sha256', bytes) === sha256) return bytes;
  throw new PipelineError({
    code: 'code-gone',
    message: 'The code of the run is no longer in the store as it was',
    where: location,
    hint: '"batch-pipeline retry" puts it back if the pipeline is still the same.',
    exitCode: ExitCode.environment,
  });
}
