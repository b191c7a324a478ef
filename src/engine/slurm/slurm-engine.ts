import { mkdir } from 'node:fs/promises';
import { PipelineError } from '../../errors.ts';
import { given } from '../../given.ts';
import { type Engine, type EngineJob, type JobDependency, POLL_INTERVAL_MS, type TaskVerdict } from '../engine.ts';
import { cancelJobs } from './cancel.ts';
import { check } from './check.ts';
import { checkOptions, type SlurmOptions } from './options.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { reliableDependencies } from './dependencies.ts';
import { JobMemory } from './job-memory.ts';
import { logFile, readEnd } from './log-file.ts';
import { jobTasks, poll } from './poll.ts';
import { sbatchArguments, throttle } from './sbatch-arguments.ts';
import { jobScript } from './script.ts';
import { slurmCommands } from './slurm-commands.ts';
import { submitOnce } from './submit.ts';
import { verdict } from './verdict.ts';

const PATIENCE_MS = 600_000;

/** A user is waiting for the result of a check. */
const CHECK_PATIENCE_MS = 20_000;

/** Enough for slurmstepd's last message. */
const LAST_WORDS_BYTES = 8192;

/**
 * Runs jobs on the Slurm cluster that this machine can submit to. No process of ours keeps running: the cluster keeps
 * the jobs, their dependencies and their names.
 * @throws PipelineError `slurm-option` for options that could not work
 */
export function createSlurmEngine(options: SlurmOptions): Engine {
  checkOptions(options);
  const closing = new AbortController();
  const { signal } = closing;
  const patience = { totalMs: options.patienceMs ?? PATIENCE_MS, signal };
  // A numeric id works for every Slurm command, even if the user has no name on this machine.
  const uid = process.getuid?.() ?? 0;
  const run = slurmCommands(options.environment, signal);
  const cluster = createCluster(run, patience, uid);
  const memory = new JobMemory();
  return {
    name: 'slurm',
    async limits() {
      const { maxArraySize, maxArrayReason } = await cluster.config();
      return {
        maxArraySize,
        ...given({ maxArrayReason }),
        afterAny: true,
        detached: true,
        pollIntervalMs: options.pollIntervalMs ?? POLL_INTERVAL_MS,
      };
    },
    check: (needs) =>
      check(
        createCluster(run, { totalMs: Math.min(patience.totalMs, CHECK_PATIENCE_MS), signal }, uid),
        options,
        needs,
      ),
    find: (names) => find(cluster, names),
    submit: (job, dependencies) => submit({ cluster, memory, options }, job, dependencies),
    poll: (jobIds) => poll(cluster, memory, jobIds),
    verdicts: (jobId, indices) => verdicts({ cluster, memory, options }, jobId, indices),
    // Slurm stores no reason with a cancelled job.
    cancel: (jobIds) => cancelJobs(cluster, jobIds),
    log: (jobId, index) => readEnd(logFile(options.logFolder, jobId, index)),
    async close() {
      closing.abort();
    },
  };
}

interface Context {
  cluster: Cluster;
  memory: JobMemory;
  options: SlurmOptions;
}

async function find(cluster: Cluster, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const remembered = await cluster.rememberedNames();
  const recorded = await cluster.recordedNames(names.filter((name) => !remembered.has(name)));
  const found = names.map((name) => [name, remembered.get(name)?.[0] ?? recorded.get(name)] as const);
  return new Map(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function submit(
  { cluster, memory, options }: Context,
  job: EngineJob,
  dependencies: readonly JobDependency[],
): Promise<string> {
  checkEnvironment(job);
  await mkdir(options.logFolder, { recursive: true });
  const config = await cluster.config();
  const { maxArraySize } = config;
  const waitsFor = await reliableDependencies(cluster, memory, job, dependencies);
  const lane = laneDependency(memory, job, options.maxRunning, maxArraySize);
  const jobId = await submitOnce(cluster, {
    name: job.name,
    args: sbatchArguments(job, [...waitsFor, ...lane], { options, config, maxArraySize }),
    script: jobScript(job, options),
    environment: job.environment,
    where: `step ${job.step}`,
  });
  memory.submitted(jobId, job.step, job.size);
  return jobId;
}

/** See `throttle`. If Slurm has forgotten the job ahead, it has ended, and there is nothing to wait for. */
function laneDependency(
  memory: JobMemory,
  job: EngineJob,
  maxRunning: number | undefined,
  maxArraySize: number,
): JobDependency[] {
  if (maxRunning === undefined) return [];
  const ahead = memory.laneAhead(job.step, throttle(maxRunning, maxArraySize).lanes);
  return ahead === undefined ? [] : [{ jobId: ahead, type: 'ANY' }];
}

/** sbatch runs in the job's environment, so one of its own variables there would change its behaviour. */
function checkEnvironment(job: EngineJob): void {
  const bad = Object.keys(job.environment).find((name) => !/^(?!SLURM_|SBATCH_)[A-Za-z_]\w*$/.test(name));
  if (bad === undefined) return;
  const message = `"${bad}" cannot be a variable of a Slurm job`;
  throw new PipelineError({ code: 'slurm-environment', message, where: `job ${job.name}`, fault: 'program' });
}

async function verdicts(
  { cluster, memory, options }: Context,
  jobId: string,
  indices: readonly number[],
): Promise<TaskVerdict[]> {
  const tasks = (await jobTasks(cluster, memory, [jobId])).get(jobId);
  const wanted = new Set(indices);
  const rows = [...(tasks?.remembered ?? []), ...(tasks?.recorded ?? [])].filter(({ index }) => wanted.has(index));
  const found: TaskVerdict[] = [];
  for (const row of rows) {
    const failed = row.state === 'FAILED';
    const log = failed ? await readEnd(logFile(options.logFolder, jobId, row.index), LAST_WORDS_BYTES) : undefined;
    const said = verdict(row, log ?? '');
    if (said) found.push(said);
  }
  return found.toSorted((a, b) => a.index - b.index);
}
