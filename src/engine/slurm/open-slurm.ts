import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, PipelineError, throwAll } from '../../errors.ts';
import { nameValuePairs } from '../../pipeline/name-value-pairs.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { Step } from '../../pipeline/step.ts';
import type { Engine, Finding } from '../engine.ts';
import { positive } from '../flags.ts';
import { imageOf, namedImages } from '../image-of.ts';
import type { EngineContext, GivenFlags, OpenedEngine, PlannedWork, StepEnvironment } from '../provider.ts';
import { asUri } from './script.ts';
import type { ContainerOptions } from './options.ts';
import { createSlurmEngine } from './slurm-engine.ts';
import type { SlurmFlags } from './slurm-flags.ts';

type Given = GivenFlags<SlurmFlags>;

const RUNTIMES: readonly ContainerOptions['runtime'][] = ['apptainer', 'singularity', 'podman'];

/** @throws PipelineError `flag-invalid` */
export function openSlurm(context: EngineContext<SlurmFlags>): OpenedEngine {
  const { flags } = context;
  const runtime = containerRuntime(flags);
  const unused = (['image', 'bind'] as const).find((flag) => runtime === undefined && flags[flag] !== undefined);
  if (unused !== undefined) {
    throw new PipelineError({
      code: 'flag-invalid',
      message: `--${unused} is for containers, but --container is missing`,
      where: `--${unused}`,
      hint: `Add --container with one of ${RUNTIMES.join(', ')}, or leave out --${unused}.`,
    });
  }
  const binds = visibleFolders(context);
  const container = runtime && { runtime, binds, images: siteImages(flags, runtime) };
  return {
    engine: slurmEngine(context, container),
    environments: async (pipeline) => (runtime ? imageEnvironments(pipeline, flags) : context.toolsHere(pipeline)),
    findings: async (planned) => (runtime === 'podman' ? hiddenInputs(planned, binds) : []),
  };
}

/** Node, the runner and a folder store must be in a folder shared with the compute nodes. */
function slurmEngine(context: EngineContext<SlurmFlags>, container: ContainerOptions | undefined): Engine {
  const { flags, store, environment, runnerModule, pollIntervalMs } = context;
  return createSlurmEngine({
    runnerCommand: [process.execPath, runnerModule],
    logFolder: store.localPath('.slurm') ?? resolve('.batch-pipeline-slurm'),
    environment,
    partition: flags.queue,
    account: flags.account,
    qos: flags.qos,
    constraint: flags.constraint,
    extraArgs: flags.sbatchArg,
    modules: flags.module,
    maxRunning: positive(flags.maxRunning, '--max-running'),
    prologue: flags.prologue === undefined ? undefined : readPrologue(flags.prologue),
    container,
    keepScratch: flags.keepScratch,
    pollIntervalMs,
  });
}

function containerRuntime(flags: Given): ContainerOptions['runtime'] | undefined {
  if (flags.container === undefined) return undefined;
  const runtime = RUNTIMES.find((name) => name === flags.container);
  if (!runtime) {
    throw new PipelineError({
      code: 'flag-invalid',
      message: `"${flags.container}" runs no images`,
      where: '--container',
      hint: `One of ${RUNTIMES.join(', ')}.`,
    });
  }
  return runtime;
}

/** How the runtime refers to the named images: a bare word may be one, too. */
function siteImages(flags: Given, runtime: ContainerOptions['runtime']): Record<string, string> {
  const images = Object.values(nameValuePairs(flags.image, '--image')).map(wholePath);
  return Object.fromEntries(images.map((image) => [image, runtime === 'podman' ? image : asUri(image)]));
}

function isFile(image: string): boolean {
  return /^[./]|\.sif$/.test(image);
}

/** Tasks may run in another folder. */
function wholePath(image: string): string {
  return isFile(image) ? resolve(image) : image;
}

/** What a container shows under the same path: node and the runner, the store, and the user's folders. */
function visibleFolders({ flags, store, runnerModule }: EngineContext<SlurmFlags>): string[] {
  const objects = store.localPath('v1');
  return [
    ...[process.execPath, dirname(runnerModule)],
    ...(objects === undefined ? [] : [dirname(objects)]),
    ...(flags.bind ?? []).map((folder) => resolve(folder)),
  ];
}

/**
 * The image of every step, which identifies the tools.
 * @throws PipelineErrors for steps without an image, which would run outside any
 */
function imageEnvironments(pipeline: Pipeline, flags: Given): Record<string, StepEnvironment> {
  const named = namedImages(pipeline, flags.image);
  const images = pipeline.steps.map((step) => ({ step, image: imageOf(step, named, {}) }));
  throwAll(images.filter(({ image }) => image === undefined).map(({ step }) => noImage(step)));
  return Object.fromEntries(
    images.map(({ step, image: said = '' }) => {
      const image = wholePath(said);
      return [step.name, { toolVersions: {}, image, imageIdentity: fileIdentity(image) }];
    }),
  );
}

function noImage({ name, image }: Step): PipelineError {
  const builds = image === undefined ? '' : `: the pipeline builds ${image} itself`;
  return new PipelineError({
    code: 'slurm-image',
    message: `Step ${name} has no image that can run here${builds}`,
    where: '--container',
    hint: `Name one: --image ${image ?? name}=/path/to/image.sif`,
  });
}

/** Size and time of an image file; `undefined` for an image in a registry. */
function fileIdentity(image: string): string | undefined {
  const file = isFile(image) ? statSync(image, { bigint: true, throwIfNoEntry: false }) : undefined;
  return file && `${image}\0${file.size}\0${file.mtimeNs}`;
}

/** Apptainer shows home, /tmp and the current folder by itself, and what the site adds; podman nothing. */
function hiddenInputs({ samples, request }: PlannedWork, binds: readonly string[]): Finding[] {
  const files = [...samples.flatMap((sample) => Object.values(sample.files)), ...Object.values(request.references)];
  const paths = files.flatMap(({ location }) => localPath(location));
  const hidden = paths.filter((path) => !binds.some((bind) => path === bind || path.startsWith(`${bind}/`)));
  const [first] = hidden;
  if (first === undefined) return [];
  const others = hidden.length > 1 ? ` and ${hidden.length - 1} more ${hidden.length === 2 ? 'file' : 'files'}` : '';
  const message = `Containers cannot see ${first}${others}`;
  return [{ level: 'error', subject: 'inputs', message, hint: `Make the folder visible: --bind ${dirname(first)}` }];
}

function localPath(location: string): string[] {
  if (location.startsWith('file://')) return [fileURLToPath(location)];
  return /^[a-z0-9+.-]+:\/\//.test(location) ? [] : [resolve(location)];
}

function readPrologue(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch (error) {
    throw new PipelineError({ code: 'flag-invalid', message: messageOf(error), where: `--prologue ${file}` });
  }
}
