import { PipelineError } from '../../errors.ts';
import type { EngineJob } from '../engine.ts';
import { KEEP_SCRATCH_VARIABLE } from '../flags.ts';
import type { ContainerOptions, SlurmOptions } from './options.ts';
import { RunnerExit } from '../../record/protocol.ts';

/** Variables that the script sets for the runner. */
const INDEX_VARIABLE = 'BATCH_PIPELINE_INDEX';
const TRY_VARIABLE = 'BATCH_PIPELINE_TRY';

/** Variables passed to a container besides the job's own: Slurm's, and those that a prologue may set. */
const PASSED = [
  ...['SLURM_JOB_ID', 'SLURM_ARRAY_JOB_ID', 'SLURM_ARRAY_TASK_ID', 'SLURM_CPUS_PER_TASK'],
  'BATCH_PIPELINE_SCRATCH',
  KEEP_SCRATCH_VARIABLE,
];

/**
 * The batch script of a job. It passes the runner its index and attempt number, runs it, and asks Slurm for another
 * attempt if the runner's exit code calls for one. The job's environment is not in the script: sbatch takes it from its
 * own.
 */
export function jobScript(job: EngineJob, options: SlurmOptions): string {
  const { modules = [], prologue = [] } = options;
  return [
    // `module` is a function from the site's profile, which only a login shell reads.
    modules.length > 0 ? '#!/bin/bash -l' : '#!/bin/bash',
    `export ${INDEX_VARIABLE}="\${SLURM_ARRAY_TASK_ID:-0}"`,
    `export ${TRY_VARIABLE}="$(( \${SLURM_RESTART_COUNT:-0} + 1 ))"`,
    ...(options.keepScratch ? [`export ${KEEP_SCRATCH_VARIABLE}=1`] : []),
    ...tryLimit(job.attempts),
    ...modules.map((name) => `module load ${quote(name)} || exit ${ScriptExit.notStarted}`),
    ...prologue,
    // With a trap the shell survives SIGTERM, so that the runner has Slurm's KillWait to write its record.
    'trap : TERM',
    ...runnerLines(job, options),
    ...requeue(job.attempts),
    'exit "$status"',
    '',
  ].join('\n');
}

/** Slurm restarts tasks that lost their node without counting; the job's limit of attempts applies all the same. */
function tryLimit(attempts: number): string[] {
  return [
    `if [ "$${TRY_VARIABLE}" -gt ${attempts} ]; then`,
    `  echo 'batch-pipeline: the task was lost, no attempt is left' >&2`,
    `  exit ${ScriptExit.tryAgain}`,
    'fi',
  ];
}

function requeue(attempts: number): string[] {
  if (attempts <= 1) return [];
  return [
    `if [ "$status" -eq ${ScriptExit.tryAgain} ] && [ "$${TRY_VARIABLE}" -lt ${attempts} ]; then`,
    // Never $SLURM_JOB_ID: that of one element is the id of the array, and would start all its elements again.
    '  if [ -n "$SLURM_ARRAY_JOB_ID" ]; then task="${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; else task=$SLURM_JOB_ID; fi',
    '  scontrol requeue "$task"',
    'fi',
  ];
}

function runnerLines(job: EngineJob, options: SlurmOptions): string[] {
  const image = siteImage(job.image, options.container);
  if (image === undefined || !options.container) {
    return [quoteCommand(options.runnerCommand), 'status=$?'];
  }
  return containerLines(options.container, image, {
    command: options.runnerCommand,
    variables: [...Object.keys(job.environment), INDEX_VARIABLE, TRY_VARIABLE, ...PASSED],
  });
}

export interface ContainedCommand {
  command: readonly string[];
  /** Names of the variables that are passed into the container. */
  variables: readonly string[];
}

/**
 * The image that a step runs in here, or `undefined` for none: this site's image for the one that the pipeline names,
 * else that one itself.
 * @throws PipelineError `slurm-image` if the pipeline names a folder to build, and the site has no image for it
 */
export function siteImage(image: string | undefined, container: ContainerOptions | undefined): string | undefined {
  if (!container || image === undefined) return undefined;
  const here = container.images?.[image];
  if (here !== undefined) return here;
  if (isFolder(image)) throw noImage(image);
  return container.runtime === 'podman' ? image : asUri(image);
}

/** Lines of shell that run a command inside an image and leave its exit code in `status`. */
function containerLines(options: ContainerOptions, image: string, contained: ContainedCommand): string[] {
  return options.runtime === 'podman'
    ? podmanLines(options, image, contained)
    : [quoteCommand(apptainerCommand(options, image, contained)), 'status=$?'];
}

/** Apptainer passes in the environment, the home folder, /tmp and the current folder by itself. */
function apptainerCommand(
  { runtime, binds = [] }: ContainerOptions,
  image: string,
  { command }: ContainedCommand,
): string[] {
  return [runtime, 'exec', ...binds.flatMap((bind) => ['--bind', bind]), image, ...command];
}

/**
 * Slurm's limits and scancel apply to the container only if podman creates no separate cgroup, which crun supports and
 * runc does not. Without root, the container's root is the user, who therefore owns what it writes. podman must not
 * forward signals: Slurm sends SIGCONT and SIGTERM to every process, which also ends the helper with which podman
 * forwards the first, and podman then gives up on the second.
 */
const PODMAN = ['--cgroups=disabled', '--network=host', '--entrypoint=', '--sig-proxy=false'];

function podmanLines(
  { binds = [] }: ContainerOptions,
  image: string,
  { command, variables }: ContainedCommand,
): string[] {
  const mounts = binds.flatMap((bind) => ['--volume', `${bind}:${bind}`]);
  const names = variables.flatMap((name) => ['--env', name]);
  const rest = quoteCommand([...PODMAN, ...mounts, ...names, image, ...command]);
  return [
    'container="batch-pipeline-$SLURM_JOB_ID"',
    'trap ended=yes TERM',
    `podman run --replace --name "$container" ${rest}`,
    'status=$?',
    'if [ -n "$ended" ]; then',
    '  podman kill --signal TERM "$container" >/dev/null 2>&1',
    `  status=$(podman wait "$container") || status=${ScriptExit.notStarted}`,
    'fi',
    'podman rm --force "$container" >/dev/null',
  ];
}

/** A name without a registry's host, a tag and a digest is that of a folder with a Dockerfile. */
function isFolder(image: string): boolean {
  return !image.startsWith('/') && /^[^.:@/]+(\/[^:@]*)?$/.test(image) && !image.endsWith('.sif');
}

function noImage(image: string): PipelineError {
  return new PipelineError({
    code: 'slurm-image',
    message: `The pipeline builds ${image} itself, and no image of this site is named for it`,
    hint: `Build one from that folder, and say where it is: --image ${image}=/path/to/image.sif`,
  });
}

/** Apptainer treats a bare name as a file; anything that is not a path is an image in a registry. */
export function asUri(image: string): string {
  return /^[./]|\.sif$|^[a-z+-]+:\/\//.test(image) ? image : `docker://${image}`;
}

/**
 * A POSIX shell word for exactly this text. Everything is quoted, as even plain letters can be a keyword (`time`).
 * @throws RangeError for a NUL character, which no argument can contain
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError('A NUL character cannot be part of a command');
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The words of a command, each quoted. */
export function quoteCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/** Exit codes between the runner, the job's script and this engine. */
export const ScriptExit = {
  ...RunnerExit,
  /** From the script: a module could not be loaded, or the prologue exits with it. */
  notStarted: 125,
  /** From the shell: the runner is not executable. */
  notExecutable: 126,
  /** From the shell: the runner does not exist. */
  notFound: 127,
} as const;
