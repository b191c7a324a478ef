import type { ContainerOptions, SlurmStepOptions } from './options.ts';

export interface ContainedCommand {
  command: readonly string[];
  /** Names of the variables that the command must see inside the container. */
  variables: readonly string[];
}

/**
 * The image that a step runs in here, or `undefined` for none: the step's own option, else this site's image for the
 * one that the pipeline names, else that one itself.
 */
export function siteImage(
  image: string | undefined,
  own: SlurmStepOptions,
  container: ContainerOptions | undefined,
): string | undefined {
  if (!container) return undefined;
  if (own.image !== undefined) return own.image;
  if (image === undefined) return undefined;
  return container.images?.[image] ?? (container.runtime === 'podman' ? image : asUri(image));
}

/** The command that runs another one inside an image. */
export function containerCommand(
  { runtime, binds = [], extraArgs = [] }: ContainerOptions,
  image: string,
  { command, variables }: ContainedCommand,
): string[] {
  if (runtime !== 'podman') {
    // The environment goes in by itself, and so do the home folder, /tmp and the current folder.
    const mounts = binds.flatMap((bind) => ['--bind', bind]);
    return [runtime, 'exec', ...mounts, ...extraArgs, image, ...command];
  }
  const mounts = binds.flatMap((bind) => ['--volume', `${bind}:${bind}`]);
  const names = variables.flatMap((name) => ['--env', name]);
  return ['podman', 'run', ...PODMAN, ...mounts, ...names, ...extraArgs, image, ...command];
}

/** Slurm's limits hold for the container only if podman makes no cgroup of its own; files belong to the user. */
const PODMAN = ['--rm', '--cgroups=disabled', '--userns=keep-id', '--network=host', '--entrypoint='];

/** Apptainer takes a bare name for a file; what is no path is an image of a registry. */
function asUri(image: string): string {
  return /^[./]|\.sif$|^[a-z+-]+:\/\//.test(image) ? image : `docker://${image}`;
}
