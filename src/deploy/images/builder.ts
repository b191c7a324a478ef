import { execa } from 'execa';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import type { ImagePlan } from './plan-images.ts';

export const BUILDER_NAMES = ['docker', 'podman', 'buildah'] as const;
export type BuilderName = (typeof BUILDER_NAMES)[number];

/** A program that builds images and pushes them. */
export interface Builder {
  readonly name: BuilderName;
  /** True where its own storage has an image of this name. */
  has(image: string): Promise<boolean>;
  /** @throws PipelineError `image-build-failed` with what the builder said last */
  build(plan: ImagePlan): Promise<void>;
  /**
   * @param target `<registry>/<repository>:<tag>`
   * @param login variables that name a folder or file with the registry's password
   * @throws PipelineError `image-push-failed`
   */
  push(image: string, target: string, login: Readonly<Record<string, string>>): Promise<void>;
}

/** Where the three differ. Each line is a command's arguments. */
interface Dialect {
  /** Prints the processor of the engine, as OCI names it: fails where there is no engine. */
  architecture: readonly string[];
  has: readonly string[];
  build: readonly string[];
  push(image: string, target: string): readonly (readonly string[])[];
}

const DIALECTS: Readonly<Record<BuilderName, Dialect>> = {
  docker: {
    architecture: ['version', '--format', '{{.Server.Arch}}'],
    has: ['image', 'inspect', '--format', '{{.Id}}'],
    build: ['build'],
    push: (image, target) => [
      ['tag', image, target],
      ['push', target],
    ],
  },
  podman: {
    architecture: ['info', '--format', '{{.Host.Arch}}'],
    has: ['image', 'exists'],
    build: ['build'],
    push: (image, target) => [['push', image, target]],
  },
  buildah: {
    architecture: ['info', '--format', '{{.host.arch}}'],
    has: ['inspect', '--type', 'image'],
    // Without it every build starts from the beginning.
    build: ['build', '--layers'],
    push: (image, target) => [['push', image, target]],
  },
};

/** What the compute environments of `deploy` are. Images for other processors have to come by URI. */
const ARCHITECTURE = 'amd64';
const LINES_SHOWN = 30;

/**
 * Opens one builder.
 * @returns why it does not work here, in its own words, where it does not
 */
async function openBuilder(name: BuilderName, signal?: AbortSignal): Promise<Builder | string> {
  const dialect = DIALECTS[name];
  const run = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const options = { all: true, reject: false, stdin: 'ignore', env } as const;
    const done = await execa(name, argv, signal ? { ...options, cancelSignal: signal } : options);
    signal?.throwIfAborted();
    return done;
  };
  const asked = await run(dialect.architecture);
  if (asked.code === 'ENOENT') return 'is not installed';
  if (asked.failed) return lastLines(asked.all, 1) || 'does not work';
  const platform = asked.stdout.trim() === ARCHITECTURE ? [] : ['--platform', `linux/${ARCHITECTURE}`];

  const has = async (image: string): Promise<boolean> => !(await run([...dialect.has, image])).failed;
  return {
    ...{ name, has },
    async build(plan) {
      const { local, folder } = plan;
      const args = Object.entries(allArgs(plan)).flatMap(([arg, value]) => ['--build-arg', `${arg}=${value}`]);
      const built = await run([...dialect.build, ...platform, ...args, '--tag', local, folder]);
      if (built.failed) throw buildFailed(name, plan, built.all);
      if (!(await has(local))) throw notKept(name, plan);
    },
    async push(image, target, login) {
      for (const argv of dialect.push(image, target)) {
        const pushed = await run(argv, login);
        if (pushed.failed) throw pushFailed(name, target, pushed.all);
      }
    },
  };
}

function allArgs({ buildArgs, parent }: ImagePlan): Record<string, string> {
  return { ...buildArgs, ...(parent ? { BASE_IMAGE: parent.local } : {}) };
}

function buildFailed(builder: BuilderName, { name, folder }: ImagePlan, output: string): PipelineError {
  const file = join(mkdtempSync(join(tmpdir(), 'batch-pipeline-build-')), `${name}.log`);
  writeFileSync(file, output);
  return new PipelineError({
    code: 'image-build-failed',
    message: `${builder} could not build the image; its last output:\n${lastLines(output, LINES_SHOWN)}`,
    where: folder,
    hint: `Full output: ${file}`,
    exitCode: ExitCode.environment,
  });
}

/** As a builder of buildx does whose images stay inside it. */
function notKept(builder: BuilderName, { name, folder }: ImagePlan): PipelineError {
  return new PipelineError({
    code: 'image-build-failed',
    message: `${builder} built ${name}, but does not have it`,
    where: folder,
    hint:
      builder === 'docker'
        ? 'Choose a builder that keeps images: docker buildx use default'
        : 'Choose another --builder.',
    exitCode: ExitCode.environment,
  });
}

function pushFailed(builder: BuilderName, target: string, output: string): PipelineError {
  return new PipelineError({
    code: 'image-push-failed',
    message: `${builder} could not push the image: ${lastLines(output, 3)}`,
    where: target,
    hint: 'Is the registry reachable from here, and not behind a proxy? The same command continues where this one ended.',
    exitCode: ExitCode.environment,
  });
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/**
 * The builder that is asked for, or the first that works here: a docker without its engine does not.
 * @throws PipelineError `builder-unknown`, or `builder-missing` with what each said
 */
export async function findBuilder(wanted?: string, signal?: AbortSignal): Promise<Builder> {
  const said: string[] = [];
  for (const name of candidates(wanted)) {
    const opened = await openBuilder(name, signal);
    if (typeof opened !== 'string') return opened;
    said.push(`${name}: ${opened}`);
  }
  throw new PipelineError({
    code: 'builder-missing',
    message: `No program that builds images works here\n  ${said.join('\n  ')}`,
    hint: 'Install docker, podman or buildah; or push from another machine, or use images by URI: docs/images.md',
    exitCode: ExitCode.environment,
  });
}

function candidates(wanted: string | undefined): readonly BuilderName[] {
  if (wanted === undefined) return BUILDER_NAMES;
  const known = BUILDER_NAMES.find((name) => name === wanted);
  if (known) return [known];
  throw new PipelineError({
    code: 'builder-unknown',
    message: `There is no builder "${wanted}"`,
    where: '--builder',
    hint: `Builders: ${BUILDER_NAMES.join(', ')}.`,
  });
}
