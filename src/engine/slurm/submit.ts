import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { Cluster } from './cluster.ts';
import { ask, failureKind, outOfPatience, refusal } from './slurm-commands.ts';
import { Waits } from '../patience.ts';

export interface Submission {
  name: string;
  args: readonly string[];
  script: string;
  environment: Readonly<Record<string, string>>;
  /** For messages: `step align`. */
  where: string;
}

/** A controller that was frozen may still be processing an earlier request. */
const SETTLE_MS = 1000;

/**
 * Submits one job exactly once: sbatch may give up after some seconds although the controller has accepted the job, so
 * after a lost answer the job is looked up by name before it is submitted again.
 */
export async function submitOnce(cluster: Cluster, submission: Submission): Promise<string> {
  const { name, args, script, environment, where } = submission;
  const waits = new Waits(cluster.patience);
  let lost = false;
  for (;;) {
    const result = await cluster.run('sbatch', args, { input: script, environment });
    const kind = failureKind(result);
    if (kind === 'refused') throw refusal('sbatch', result, where);
    if (kind === undefined) return lost ? oldest(cluster, name) : jobId(result.stdout);
    lost ||= kind === 'away';
    if (!(await waits.wait())) throw outOfPatience('sbatch', result, cluster.patience);
    const found = lost ? await lookUp(cluster, name) : undefined;
    if (found !== undefined) return found;
  }
}

async function lookUp(cluster: Cluster, name: string): Promise<string | undefined> {
  const [first] = (await cluster.rememberedNames()).get(name) ?? [];
  if (first !== undefined) return first;
  await sleep(SETTLE_MS, undefined, { signal: cluster.patience.signal });
  return (await cluster.rememberedNames()).get(name)?.[0];
}

/** If two were accepted after all, the later ones are cancelled. */
async function oldest(cluster: Cluster, name: string): Promise<string> {
  const [first, ...later] = (await cluster.rememberedNames()).get(name) ?? [];
  if (first === undefined) throw noId(`Slurm accepted job ${name}, but no longer lists it`);
  if (later.length > 0) await ask(cluster.run, cluster.patience, 'scancel', ['--quiet', ...later]);
  return first;
}

/** `--parsable` prints the id, followed by `;cluster` if there are several clusters. */
function jobId(stdout: string): string {
  const id = /^(\d+)(;.*)?$/m.exec(stdout)?.[1];
  if (id === undefined) throw noId(`sbatch printed "${stdout}" instead of a job id`);
  return id;
}

function noId(message: string): PipelineError {
  return new PipelineError({ code: 'slurm-no-job-id', message, exitCode: ExitCode.environment });
}
