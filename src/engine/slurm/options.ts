import { isAbsolute } from 'node:path';
import { PipelineError, throwAll } from '../../errors.ts';
import { given } from '../../given.ts';

/** How jobs are submitted. */
export interface SlurmOptions {
  /** argv of the runner on a compute node: `['/opt/node', '/shared/batch-pipeline/runner.js']`. */
  runnerCommand: readonly string[];
  /** Folder that login and compute nodes share, for the output of tasks; created if need be. */
  logFolder: string;
  /** The environment of the submitting process. Only PATH, HOME, SLURM_CONF and a few others are used. */
  environment: Readonly<Record<string, string | undefined>>;
  /** One partition, or several separated by commas; the cluster's default without it. */
  partition?: string | undefined;
  account?: string | undefined;
  qos?: string | undefined;
  /** Node features, in the syntax of `sbatch --constraint`. */
  constraint?: string | undefined;
  /** More options of sbatch, each one `--name` or `--name=value`. Those that this engine sets itself are refused. */
  extraArgs?: readonly string[] | undefined;
  /** Maximum number of concurrent tasks of one step. */
  maxRunning?: number | undefined;
  /** Environment modules to load; they make the job's shell a login shell. */
  modules?: readonly string[] | undefined;
  /** Lines of shell that run before the runner, verbatim. */
  prologue?: readonly string[] | undefined;
  container?: ContainerOptions | undefined;
  /** Scratch folders of failed attempts stay on their nodes. */
  keepScratch?: boolean | undefined;
  /** Between polls; default 15 s. */
  pollIntervalMs?: number | undefined;
  /** How long a controller that is unreachable or full is waited for; default 10 minutes. */
  patienceMs?: number | undefined;
}

/** How images run on the compute nodes. */
export interface ContainerOptions {
  runtime: 'apptainer' | 'singularity' | 'podman';
  /** The site's image by the pipeline's name for it. */
  images?: Readonly<Record<string, string>> | undefined;
  /** Folders shown in the container under the same path: the runner's, the store's, the scratch. */
  binds?: readonly string[] | undefined;
}

/** Options of sbatch that this engine sets itself, or with which it could not follow the job. */
const OURS = [
  'array chdir clusters comment cpus-per-task dependency error export export-file get-user-env help hold',
  'input job-name kill-on-invalid-dep mem mem-per-cpu mem-per-gpu nice no-requeue nodes ntasks open-mode output',
  'parsable requeue test-only time time-min usage version wait wrap',
]
  .join(' ')
  .split(' ');

/** @throws PipelineError (or PipelineErrors) for options that could not work or would be ignored. */
export function checkOptions(options: SlurmOptions): void {
  const where = 'slurm options';
  const { maxRunning, extraArgs = [] } = options;
  throwAll([
    ...(maxRunning === undefined || (Number.isInteger(maxRunning) && maxRunning > 0)
      ? []
      : [optionError(`The most tasks that run must be a whole number above 0, not ${maxRunning}`, where)]),
    ...extraArgs.flatMap((argument) => extraArgumentErrors(argument, where)),
    ...logFolderErrors(options.logFolder),
    ...(options.runnerCommand.length === 0 ? [optionError('The runner has no command')] : []),
  ]);
}

function extraArgumentErrors(argument: string, where: string): PipelineError[] {
  const name = /^--([a-z][a-z0-9-]*)(=|$)/.exec(argument)?.[1];
  if (name === undefined) {
    return [optionError(`"${argument}" is no option of sbatch`, where, 'Write --name or --name=value.')];
  }
  // sbatch, too, accepts abbreviated option names.
  const ours = OURS.find((option) => option === name || (name.length > 2 && option.startsWith(name)));
  return ours === undefined
    ? []
    : [optionError(`--${name} cannot be given: the engine sets sbatch's --${ours} itself`, where)];
}

function logFolderErrors(folder: string): PipelineError[] {
  if (!isAbsolute(folder)) return [optionError(`The log folder must be an absolute path, not "${folder}"`)];
  // In an output pattern, a backslash disables every % that follows.
  return /[\\\n]/.test(folder) ? [optionError(`Slurm cannot write to a folder of the name "${folder}"`)] : [];
}

function optionError(message: string, where?: string, hint?: string): PipelineError {
  return new PipelineError({
    code: 'slurm-option',
    message,
    ...given({ where, hint }),
  });
}
