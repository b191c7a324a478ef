import { closest } from 'fastest-levenshtein';
import { PipelineError } from '../errors.ts';
import type { Engine, Finding } from '../engine/engine.ts';
import type { LocalEngine } from '../engine/local/local-engine.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Bundle, Manifest } from '../record/manifest.ts';
import type { Prepared, StepEnvironment } from '../run/prepare.ts';
import type { Store } from '../store/store.ts';

/** Flags that decide where and how jobs run. All of them are kept in the run's manifest. */
export interface EngineFlags {
  /** `aws-batch` where a bucket is named, else `local`, unless one is given. */
  engine?: string | undefined;
  cpus?: string | undefined;
  memory?: string | undefined;
  queue?: string | undefined;
  account?: string | undefined;
  qos?: string | undefined;
  constraint?: string | undefined;
  sbatchArg?: string[] | undefined;
  maxRunning?: string | undefined;
  container?: string | undefined;
  image?: string[] | undefined;
  bind?: string[] | undefined;
  module?: string[] | undefined;
  prologue?: string | undefined;
  region?: string | undefined;
  jobRole?: string | undefined;
  executionRole?: string | undefined;
  logGroup?: string | undefined;
  conductor?: boolean | undefined;
}

/** An engine, and more of it where it works in this process. */
export interface OpenedEngine {
  engine: Engine;
  /**
   * What stands for the tools of a pipeline's steps where their tasks run: versions, or images.
   * @throws PipelineErrors for tools that are missing, and steps without an image where all need one
   */
  environments: (pipeline: Pipeline) => Promise<Record<string, StepEnvironment>>;
  /** Inputs that tasks cannot reach, and images that are older than their folder. */
  findings: (prepared: Prepared) => Promise<Finding[]>;
  local?: LocalEngine;
  /** Of one whose jobs run in containers elsewhere. */
  elsewhere?: Elsewhere;
  /** Where that is, flags given or not: kept with the run, so that everybody looks for its jobs there. */
  place?: Pick<EngineFlags, 'queue' | 'region'>;
}

/** What a run needs whose jobs see nothing of this machine. */
export interface Elsewhere {
  /** Makes what the containers fetch: the runner, and a user's pipeline (a zip), or the built-in one. */
  bundle(code?: Uint8Array): Promise<Bundle>;
}

interface EngineKind {
  /** Flags that mean something to it; others are refused rather than ignored. */
  flags: readonly (keyof EngineFlags)[];
  open(flags: EngineFlags, store: Store): Promise<OpenedEngine>;
}

const KINDS: Readonly<Record<string, EngineKind>> = {
  local: {
    flags: ['cpus', 'memory'],
    open: async (flags, store) => {
      const local = (await import('./engines/local.ts')).openLocalEngine(flags, store);
      return { engine: local, local, environments: toolsHere, findings: async () => [] };
    },
  },
  slurm: {
    flags: [
      'queue',
      'account',
      'qos',
      'constraint',
      'sbatchArg',
      'maxRunning',
      'container',
      'image',
      'bind',
      'module',
      'prologue',
    ],
    open: async (flags, store) => (await import('./engines/slurm.ts')).openSlurm(flags, store),
  },
  'aws-batch': {
    flags: ['queue', 'image', 'region', 'jobRole', 'executionRole', 'logGroup', 'conductor'],
    open: async (flags, store) => {
      const { openAwsBatch } = await import('./engines/aws-batch.ts');
      return openAwsBatch(flags, store);
    },
  },
};

/** For tasks that use the tools of this machine, or the same ones. */
export async function toolsHere(pipeline: Pipeline): Promise<Record<string, StepEnvironment>> {
  const { probeTools, toolEnvironments } = await import('./probe-tools.ts');
  return toolEnvironments(pipeline, await probeTools(pipeline));
}

const ALL_FLAGS: readonly (keyof EngineFlags)[] = [...new Set(Object.values(KINDS).flatMap(({ flags }) => flags))];

/**
 * Opens the engine that the flags name.
 * @throws PipelineError for an unknown engine, or a flag that this engine would have to ignore.
 */
export async function openEngine(flags: EngineFlags & { bucketName?: string }, store: Store): Promise<OpenedEngine> {
  const name = engineName(flags);
  const kind = KINDS[name];
  if (!kind) {
    const known = Object.keys(KINDS);
    throw new PipelineError({
      code: 'engine-unknown',
      message: `There is no engine "${name}"`,
      hint: `Did you mean "${closest(name, known)}"? Engines: ${known.join(', ')}.`,
    });
  }
  const idle = ALL_FLAGS.find((flag) => flags[flag] !== undefined && !kind.flags.includes(flag));
  if (idle !== undefined) {
    const flag = `--${idle.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new PipelineError({
      code: 'flag-invalid',
      message: `The ${name} engine has no use for ${flag}`,
      where: flag,
      hint: `Omit ${flag}, or choose another --engine.`,
    });
  }
  return kind.open(flags, store);
}

function engineName({ engine, bucketName }: EngineFlags & { bucketName?: string }): string {
  return engine ?? (bucketName === undefined ? 'local' : 'aws-batch');
}

/** The flags of these that an engine reads, and where its jobs are, for the manifest. */
export function engineFlagsOf(
  flags: EngineFlags & { bucketName?: string },
  { place = {} }: Pick<OpenedEngine, 'place'>,
): Record<string, unknown> {
  const read: readonly (keyof EngineFlags)[] = KINDS[engineName(flags)]?.flags ?? [];
  const given = read.flatMap((flag) => (flags[flag] === undefined ? [] : [[flag, flags[flag]]]));
  return { ...Object.fromEntries(given), ...place };
}

/** The engine of a run that was started before, with the flags it was started with unless others are given now. */
export function runEngineFlags(
  manifest: Pick<Manifest, 'engine' | 'engineFlags'>,
  given: Partial<EngineFlags> = {},
): EngineFlags {
  const now = Object.fromEntries(ALL_FLAGS.flatMap((flag) => (given[flag] === undefined ? [] : [[flag, given[flag]]])));
  return { ...(manifest.engineFlags as Partial<EngineFlags>), ...now, engine: manifest.engine };
}
