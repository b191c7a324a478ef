import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, JobStatus, TaskResources } from '../engine.ts';
import type { SlurmOptions } from './options.ts';
import { createSlurmEngine } from './slurm-engine.ts';

export interface NodeCommand {
  /** Its modules, prologue, partition and image are used. */
  step: string;
  image: string | undefined;
  resources: TaskResources;
  /** argv, run in place of the runner. */
  command: readonly string[];
  signal?: AbortSignal;
}

export interface NodeAnswer {
  succeeded: boolean;
  /** What the command printed; `undefined` where there is no output file. */
  output: string | undefined;
  /** Slurm's words, where it failed. */
  message: string | undefined;
}

/** Between two looks at a job that takes moments once it has started. */
const LOOK_MS = 1000;

/**
 * Runs a command just as a step's tasks would run on a compute node, and waits for it: to see whether the runner and
 * the tools are there. The job is cancelled if the signal is aborted.
 */
export async function runOnNode(options: SlurmOptions, request: NodeCommand): Promise<NodeAnswer> {
  const { step, image, resources, command, signal } = request;
  const engine = createSlurmEngine({ ...options, runnerCommand: command });
  const name = `check-${step}-${randomBytes(6).toString('hex')}`;
  const jobId = await engine.submit(
    { name, step, image, resources, size: 1, attempts: 1, rank: 0, environment: {} },
    [],
  );
  const status = await end(engine, jobId, signal);
  const [said] = await engine.verdicts(jobId, [0]);
  return {
    succeeded: status.state === 'succeeded',
    output: await engine.log(jobId, 0),
    message: said?.message ?? status.reason,
  };
}

async function end(engine: Engine, jobId: string, signal: AbortSignal | undefined): Promise<JobStatus> {
  try {
    for (;;) {
      const [status] = await engine.poll([jobId]);
      if (status && ['succeeded', 'failed', 'unknown'].includes(status.state)) return status;
      await sleep(LOOK_MS, undefined, signal ? { signal } : {});
    }
  } catch (error) {
    await engine.cancel([jobId], 'the check was ended');
    throw error;
  }
}
