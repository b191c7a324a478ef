import type { Engine, EngineJob } from '../engine/engine.ts';
import { PipelineError } from '../errors.ts';
import { RunnerExit, VARIABLES } from '../record/protocol.ts';
import type { JobDocument, Manifest } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import { engineJob } from './engine-job.ts';
import type { Environment } from './workspace.ts';

/** Small: it asks every now and then, and sleeps. Two weeks are longer than any run should take. */
const RESOURCES = { cpus: 1, memoryMiB: 512, scratchMiB: 64, timeLimitSeconds: 14 * 86_400 };
/** It may be started anew at any time: Spot takes it as it takes others. */
const ATTEMPTS = 10;

/**
 * Where the user asked for it (`conductor` among the engine's flags): submits a job that watches the run from inside
 * the engine, and so submits a gather that had to wait, with no other process running. It is not part of the run, and
 * ends with it.
 */
export async function submitConductor(submission: {
  store: Store;
  engine: Engine;
  manifest: Manifest;
  jobs: readonly JobDocument[];
}): Promise<void> {
  const { store, engine, manifest, jobs } = submission;
  if (manifest.engineFlags['conductor'] !== true) return;
  const [gather] = jobs.toReversed();
  if (!gather) return;
  const job = conductorJob(engineJob(store, manifest, gather), gather.submission, manifest);
  const found = await engine.find([job.name]);
  if (!found.has(job.name)) await engine.submit(job, []);
}

function conductorJob(gather: EngineJob, submission: number, { run, nonce }: Manifest): EngineJob {
  const { [VARIABLES.job]: _, ...environment } = gather.environment;
  return {
    ...gather,
    name: `${run}-${nonce}-${submission}-conductor`,
    size: 1,
    resources: RESOURCES,
    attempts: ATTEMPTS,
    submits: true,
    environment: { ...environment, [VARIABLES.conductor]: '1' },
  };
}

/** Exit code of a conductor that its engine is to start again. */
export const CONDUCTOR_TRIES_AGAIN = RunnerExit.tryAgain;

/**
 * Inside a conductor's job: the run to watch, and its store.
 * @throws PipelineError `task-environment`
 */
export function conductedRun(environment: Environment): { store: string; run: string } {
  const required = (name: string) => {
    const value = environment[name];
    if (value) return value;
    throw new PipelineError({ code: 'task-environment', message: `${name} is not set` });
  };
  return { store: required(VARIABLES.store), run: required(VARIABLES.run) };
}
