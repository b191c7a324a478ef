import { PipelineError } from '../../errors.ts';
import { quoteCommand } from './quote.ts';
import { RunnerExit } from './runner-exit.ts';
import type { ContainerOptions } from './options.ts';

export interface ContainedCommand {
  command: readonly string[];
  /** Names of the variables that the command must see inside the container. */
  variables: readonly string[];
}

/**
 * The image that a step runs in here, or `undefined` for none: this site's image for the one that the pipeline names, else
 * that one itself.
 * @throws PipelineError `slurm-image` where the pipeline names a folder to build, and this site has no image for it.
 */
export function siteImage(image: string | undefined, container: ContainerOptions | undefined): string | undefined {
  if (!container || image === undefined) return undefined;
  const here = container.images?.[image];
  if (here !== undefined) return here;
  if (isFolder(image)) throw noImage(image);
  return container.runtime === 'podman' ? image : asUri(image);
}

/** Lines of shell that run a command inside an image and leave its exit code in `status`. */
export function containerLines(options: ContainerOptions, image: string, contained: ContainedCommand): string[] {
  return options.runtime === 'podman'
    ? podmanLines(options, image, contained)
    : [quoteCommand(apptainerCommand(options, image, contained)), 'status=$?'];
}

/** The environment goes in by itself, and so do the home folder, /tmp and the current folder. */
function apptainerCommand(
  { runtime, binds = [] }: ContainerOptions,
  image: string,
  { command }: ContainedCommand,
): string[] {
  return [runtime, 'exec', ...binds.flatMap((bind) => ['--bind', bind]), image, ...command];
}

/**
 * Slurm's limits and its scancel hold for the container only if podman makes no cgroup of its own, which crun can do
 * and runc cannot. Without root, the container's root is the user, who so owns what it writes.
 * podman must not hand signals on: Slurm sends SIGCONT and SIGTERM to every process, which also ends the helper with
 * which podman hands on the first, and podman then gives up on the second.
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
    `  status=$(podman wait "$container") || status=${RunnerExit.notStarted}`,
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
    message: `The pipeline builds ${image} itself, and it is not said which image this site has for it`,
    hint: `Build one from that folder, and say where it is: --image ${image}=/path/to/image.sif`,
  });
}

/** Apptainer takes a bare name for a file; what is no path is an image of a registry. */
export function asUri(image: string): string {
  return /^[./]|\.sif$|^[a-z+-]+:\/\//.test(image) ? image : `docker://${image}`;
}
