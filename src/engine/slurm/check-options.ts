import { isAbsolute } from 'node:path';
import { PipelineError, throwAll } from '../../errors.ts';
import type { SlurmOptions } from './options.ts';

/** Options of sbatch that this engine sets itself, or that would make it lose sight of the job. */
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
  // sbatch, too, takes the beginning of an option's name for the option.
  const ours = OURS.find((option) => option === name || (name.length > 2 && option.startsWith(name)));
  return ours === undefined
    ? []
    : [optionError(`--${name} cannot be given: the engine sets sbatch's --${ours} itself`, where)];
}

function logFolderErrors(folder: string): PipelineError[] {
  if (!isAbsolute(folder)) return [optionError(`The log folder must be an absolute path, not "${folder}"`)];
  // In an output pattern a backslash switches off every % that follows.
  return /[\\\n]/.test(folder) ? [optionError(`Slurm cannot write to a folder of the name "${folder}"`)] : [];
}

function optionError(message: string, where?: string, hint?: string): PipelineError {
  return new PipelineError({
    code: 'slurm-option',
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  });
}
