/**
 * Runs steps as array jobs of Grid Engine (8.1, qsub and qstat), on nodes that share a folder, the store and the tools
 * with this machine:
 *
 *     batch-pipeline run fusion --samples cohort.csv --engine examples/grid-engine/engine.ts --engine-option queue=long.q
 *
 * A job is known by its name, and has a folder of that name with its script, logs, and a file for each task that ended.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  defineEngine,
  type DependencyType,
  type Engine,
  type EngineContext,
  type EngineJob,
  type EngineLimits,
  type Finding,
  type JobDependency,
  type TaskResources,
} from 'batch-pipeline';
import { call, callOnce, type Environment, GridError, listJobs, PATIENCE_MS, reaching } from './grid.ts';
import { type Job, isSubmitted, logOf, readStatus, readVerdicts, sizeOf } from './job-folder.ts';
import { jobScript, memoryOf } from './job-script.ts';

const POLL_INTERVAL_MS = 15_000;
const CANCEL_INTERVAL_MS = 500;
/** On top of a task's time limit, which the runner enforces. */
const GRACE_SECONDS = 120;
/** Lowest priority that `qsub -p` takes. */
const LEAST_PRIORITY = 1023;

interface Options {
  /** Shared with the nodes. */
  folder: string;
  queue: string | undefined;
  parallelEnvironment: string;
  memory: string | undefined;
  resources: readonly string[];
  runner: readonly string[];
  environment: Environment;
  pollIntervalMs: number;
}

const FLAGS = {
  queue: { value: 'name', description: 'queue to submit to', default: "the cluster's choice" },
  parallelEnvironment: { value: 'name', description: 'for steps with several CPUs', default: 'smp' },
  memory: { value: 'complex', description: 'by which memory per slot is requested: mem_free', default: 'none' },
  resource: { value: 'name=value', description: 'passed to qsub -l', repeatable: true },
  folder: { value: 'path', description: 'shared with the nodes', default: "`.grid-engine` in the store's folder" },
} as const;

export default defineEngine({
  name: 'grid-engine',
  flags: FLAGS,
  async open(context) {
    const options = optionsOf(context);
    return {
      engine: createEngine(options),
      environments: context.toolsHere,
      findings: async () => [],
      place: { folder: options.folder },
    };
  },
});

function optionsOf(context: EngineContext<typeof FLAGS>): Options {
  const { flags, store, environment, runnerModule, pollIntervalMs = POLL_INTERVAL_MS } = context;
  const folder = flags.folder ?? store.localPath('.grid-engine');
  if (folder === undefined)
    throw new Error(`The store ${store.url} is no folder: --engine-option folder=PATH is required`);
  return {
    folder: resolve(folder),
    queue: flags.queue,
    parallelEnvironment: flags.parallelEnvironment ?? 'smp',
    memory: flags.memory,
    resources: flags.resource ?? [],
    runner: [process.execPath, runnerModule],
    environment,
    pollIntervalMs,
  };
}

function createEngine(options: Options): Engine {
  const { environment } = options;
  const job = (name: string): Job => ({ name, folder: join(options.folder, name), environment });
  let limits: Promise<EngineLimits> | undefined;
  return {
    name: 'grid-engine',
    limits: () => (limits ??= readLimits(options)),
    async check(needs) {
      const findings: Finding[] = [];
      for (const { step, resources } of needs) findings.push(...(await checkStep(options, step, resources)));
      return findings;
    },
    async find(names) {
      const listed = await listJobs(environment);
      const ids = names.map((name) => [name, jobName(name)] as const);
      return new Map(ids.filter(([, id]) => isSubmitted(job(id), listed.get(id))));
    },
    submit: (work, dependencies) => submit(options, job(jobName(work.name)), work, dependencies),
    async poll(jobIds) {
      // First, so that a task that is in neither has ended before it could report.
      const listed = await listJobs(environment);
      return Promise.all(jobIds.map((jobId) => readStatus(job(jobId), listed.get(jobId) ?? new Map())));
    },
    verdicts: (jobId, indices) => readVerdicts(job(jobId), indices),
    cancel: (jobIds, reason) => cancel(jobIds.map(job), reason),
    log: async (jobId, index) => logOf(job(jobId), index),
    close: async () => undefined,
  };
}

/** Grid Engine's names do not start with a digit. */
function jobName(name: string): string {
  return `bp-${name}`;
}

async function readLimits({ environment, pollIntervalMs }: Options): Promise<EngineLimits> {
  const tasks = /^max_aj_tasks +(\d+)/m.exec(await call(environment, 'qconf', ['-sconf']))?.[1];
  // 0 is no limit.
  return { maxArraySize: Number(tasks) || 75_000, afterAny: true, detached: true, pollIntervalMs };
}

/** `-w v` submits nothing: it says whether the job could start if the cluster were empty, whatever its load. */
async function checkStep(options: Options, step: string, resources: TaskResources): Promise<Finding[]> {
  const { environment } = options;
  const subject = `step ${step}`;
  // Memory is a load, too, unless a site has made it otherwise.
  const args = requests({ ...options, memory: undefined }, resources);
  try {
    await call(environment, 'qsub', ['-w', 'v', ...args, '-b', 'y', 'true']);
    const largest = await largestMemoryMiB(environment);
    if (largest >= memoryOf(resources)) return [{ level: 'ok', subject, message: 'can run' }];
    const message = `The largest node has ${largest} MiB, and the step asks for ${memoryOf(resources)} MiB`;
    return [{ level: 'error', subject, message, hint: `Lower its memory: --set ${step}.memory=…` }];
  } catch (error) {
    if (!(error instanceof GridError)) throw error;
    return [
      {
        level: 'error',
        subject,
        message: error.message,
        hint: 'See the queues with `qconf -sql`, their slots with `qstat -g c`.',
      },
    ];
  }
}

async function largestMemoryMiB(environment: Environment): Promise<number> {
  const printed = await call(environment, 'qhost', ['-xml']);
  const sizes = [...printed.matchAll(/name='mem_total'>([\d.]+)([KMGT])</g)];
  return Math.max(
    0,
    ...sizes.map(([, size, unit = '']) => Math.floor(Number(size) * 1024 ** ('KMGT'.indexOf(unit) - 1))),
  );
}

/** Arguments of qsub. What a task requests is counted per slot. */
function requests(options: Options, resources: TaskResources): string[] {
  const { queue, parallelEnvironment, memory } = options;
  const { cpus, timeLimitSeconds } = resources;
  const all = [
    `h_rt=${timeLimitSeconds + GRACE_SECONDS}`,
    ...(memory === undefined ? [] : [`${memory}=${Math.ceil(memoryOf(resources) / cpus)}M`]),
    ...options.resources,
  ];
  return [
    ...all.flatMap((request) => ['-l', request]),
    ...(queue === undefined ? [] : ['-q', queue]),
    ...(cpus > 1 ? ['-pe', parallelEnvironment, String(cpus)] : []),
  ];
}

async function submit(
  options: Options,
  { name, folder, environment }: Job,
  work: EngineJob,
  dependencies: readonly JobDependency[],
): Promise<string> {
  const needed = (wanted: DependencyType) =>
    dependencies.filter(({ type }) => type === wanted).map(({ jobId }) => join(options.folder, jobId));
  for (const { jobId } of dependencies) sizeOf({ folder: join(options.folder, jobId) });
  const needs = {
    sameTask: needed('N_TO_N'),
    allTasks: needed('SUCCESS').map((one) => [one, sizeOf({ folder: one })] as const),
  };
  // Only the user's own: the script has the job's variables.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'size'), String(work.size));
  const script = join(folder, 'job.sh');
  const withPath = { ...work, environment: { PATH: environment['PATH'] ?? '', ...work.environment } };
  writeFileSync(script, jobScript(withPath, folder, needs, options.runner));
  const args = [...submission(name, folder, work, dependencies), ...requests(options, work.resources), script];
  await reaching(async () => {
    // An answer may have been lost.
    const listed = await listJobs(environment);
    if (!isSubmitted({ folder }, listed.get(name))) await callOnce(environment, 'qsub', args);
  });
  writeFileSync(join(folder, 'submitted'), '');
  return name;
}

/** Arguments of qsub. Every job is an array job, if of one task. */
function submission(name: string, folder: string, work: EngineJob, dependencies: readonly JobDependency[]): string[] {
  const idsOf = (isOf: (type: DependencyType) => boolean) =>
    dependencies.filter(({ type }) => isOf(type)).map(({ jobId }) => jobId);
  const sameTask = idsOf((type) => type === 'N_TO_N');
  const allTasks = idsOf((type) => type !== 'N_TO_N');
  return [
    ...['-terse', '-notify', '-N', name, '-t', `1-${work.size}`, '-S', '/bin/bash', '-wd', folder],
    ...['-j', 'y', '-o', join(folder, '$TASK_ID.log'), '-p', String(-Math.min(work.rank, LEAST_PRIORITY))],
    // Whether it is started again if its node is lost; the script counts.
    ...['-r', work.attempts > 1 ? 'y' : 'n'],
    ...(sameTask.length > 0 ? ['-hold_jid_ad', sameTask.join(',')] : []),
    ...(allTasks.length > 0 ? ['-hold_jid', allTasks.join(',')] : []),
  ];
}

/** A job that is not listed has ended; one that a task was just about to return to the queue for is deleted again. */
async function cancel(jobs: readonly Job[], reason: string): Promise<void> {
  const [first] = jobs;
  if (!first) return;
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(CANCEL_INTERVAL_MS)) {
    const listed = await listJobs(first.environment);
    const live = jobs.filter(({ name }) => listed.has(name));
    if (live.length === 0) return;
    const names = live.map(({ name }) => name).join(',');
    if (Date.now() > end) throw new Error(`Tasks of ${names} were deleted but do not end; see qstat -j ${names}`);
    for (const { folder } of live) writeFileSync(join(folder, 'cancelled'), reason);
    // It fails for a job that has ended meanwhile.
    await reaching(() => callOnce(first.environment, 'qdel', [names])).catch(unlessUnreachable);
  }
}

function unlessUnreachable(error: unknown): void {
  if (!(error instanceof GridError) || error.unreachable) throw error;
}
