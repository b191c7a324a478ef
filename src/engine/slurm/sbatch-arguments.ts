import type { DependencyType, EngineJob, JobDependency, TaskResources } from '../engine.ts';
import { type ClusterConfig, niceOf } from './cluster-config.ts';
import { logPattern } from './log-file.ts';
import type { SlurmOptions } from './options.ts';
import { formatToken } from './task-rows.ts';

export interface SbatchContext {
  options: SlurmOptions;
  config: ClusterConfig;
  /** Largest safe array. */
  maxArraySize: number;
}

/** Arguments of sbatch for a job; the script comes on standard input. Every one is `--name` or `--name=value`. */
export function sbatchArguments(
  job: EngineJob,
  dependencies: readonly JobDependency[],
  { options, config, maxArraySize }: SbatchContext,
): string[] {
  return [
    '--parsable',
    `--job-name=${job.name}`,
    `--comment=${formatToken(job)}`,
    ...arrayArguments(job.size, options.maxRunning, maxArraySize),
    ...dependencyArguments(dependencies, job.size),
    `--nice=${niceOf(job.rank, config)}`,
    job.attempts > 1 ? '--requeue' : '--no-requeue',
    // sbatch itself runs in an environment made for the job. NIL or a list would load the user's login environment.
    '--export=ALL',
    `--chdir=${options.logFolder}`,
    `--output=${logPattern(options.logFolder, job.size)}`,
    '--open-mode=append',
    ...resourceArguments(job.resources),
    ...siteArguments(options),
  ];
}

/** The runner itself uses some 100 MiB, which Slurm counts towards the task. */
const LEAST_MEMORY_MIB = 256;

/** Resource arguments of a job with these needs, also for `sbatch --test-only`. */
export function resourceArguments({ cpus, memoryMiB, timeLimitSeconds }: TaskResources): string[] {
  return [
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    `--mem=${Math.max(LEAST_MEMORY_MIB, memoryMiB)}M`,
    `--time=${Math.ceil(timeLimitSeconds / 60)}`,
  ];
}

/** Where jobs run, as the user chose. */
export function siteArguments(options: SlurmOptions): string[] {
  const named = (['partition', 'account', 'qos', 'constraint'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name}=${options[name]}`],
  );
  return [...named, ...(options.extraArgs ?? [])];
}

function arrayArguments(size: number, maxRunning: number | undefined, maxArraySize: number): string[] {
  if (size === 1) return [];
  const most = maxRunning === undefined ? size : throttle(maxRunning, maxArraySize).perArray;
  return [`--array=0-${size - 1}${most < size ? `%${most}` : ''}`];
}

function dependencyArguments(dependencies: readonly JobDependency[], size: number): string[] {
  if (dependencies.length === 0) return [];
  const byWord = Map.groupBy(dependencies, ({ type }) => dependencyWord(type, size));
  const terms = [...byWord].map(([word, jobs]) => [word, ...new Set(jobs.map(({ jobId }) => jobId))].join(':'));
  return [`--dependency=${terms.join(',')}`, '--kill-on-invalid-dep=yes'];
}

function dependencyWord(type: DependencyType, size: number): string {
  switch (type) {
    case 'N_TO_N':
      return size > 1 ? 'aftercorr' : 'afterok';
    case 'SUCCESS':
      return 'afterok';
    case 'ANY':
      return 'afterany';
  }
}

export interface Throttle {
  /** Arrays of one step that may run in parallel. */
  lanes: number;
  /** Tasks of one array that may run in parallel: sbatch's `%N`. */
  perArray: number;
}

/**
 * Splits "at most `maxRunning` tasks of a step" over arrays of at most `arraySize`: Slurm's `%N` applies to one array
 * only, so with small arrays each array of a step waits until the one `lanes` before it has ended.
 * @example throttle(25, 10) // { lanes: 3, perArray: 8 }: 24 tasks at most
 */
export function throttle(maxRunning: number, arraySize: number): Throttle {
  const most = Math.max(1, Math.floor(maxRunning));
  const lanes = Math.ceil(most / Math.max(1, arraySize));
  return { lanes, perArray: Math.floor(most / lanes) };
}
