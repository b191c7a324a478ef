import { closest } from 'fastest-levenshtein';
import { PipelineError } from '../errors.ts';
import type { Manifest } from '../record/manifest.ts';
import { AWS_BATCH_FLAGS } from './aws-batch/aws-batch-flags.ts';
import { longFlag } from './flags.ts';
import { LOCAL_FLAGS } from './local/local-flags.ts';
import {
  defineEngine,
  type EngineContext,
  type EngineProvider,
  type GivenFlags,
  type OpenedEngine,
} from './provider.ts';
import { SLURM_FLAGS } from './slurm/slurm-flags.ts';

/** The engines that come with this package. Their code is loaded when one is opened. */
export const ENGINES: readonly EngineProvider[] = [
  defineEngine({
    name: 'local',
    flags: LOCAL_FLAGS,
    open: async (context) => (await import('./local/open-local.ts')).openLocal(context),
  }),
  defineEngine({
    name: 'slurm',
    flags: SLURM_FLAGS,
    open: async (context) => (await import('./slurm/open-slurm.ts')).openSlurm(context),
  }),
  defineEngine({
    name: 'aws-batch',
    flags: AWS_BATCH_FLAGS,
    open: async (context) => (await import('./aws-batch/open-aws-batch.ts')).openAwsBatch(context),
  }),
];

/** Which engine, and the values of its flags. */
export interface EngineChoice {
  engine: string;
  flags: GivenFlags;
}

/** The flags of all engines, each once. */
const KEYS: readonly string[] = [...new Set(ENGINES.flatMap(({ flags }) => Object.keys(flags)))];

/** What the flags of a command say of engines. */
export function engineChoice(flags: object, engine: string): EngineChoice {
  const given = flags as GivenFlags;
  return {
    engine,
    flags: Object.fromEntries(KEYS.filter((key) => given[key] !== undefined).map((key) => [key, given[key]])),
  };
}

/**
 * Opens the engine that is chosen.
 * @throws PipelineError for an unknown engine, or a flag that this engine would have to ignore.
 */
export async function openEngine(
  { engine, flags }: EngineChoice,
  context: Omit<EngineContext, 'flags'>,
): Promise<OpenedEngine> {
  const provider = ENGINES.find(({ name }) => name === engine) ?? unknownEngine(engine);
  const idle = Object.keys(flags).find((key) => provider.flags[key] === undefined);
  if (idle !== undefined) throw idleFlag(engine, longFlag(idle));
  return provider.open({ ...context, flags });
}

function unknownEngine(engine: string): never {
  const known = ENGINES.map(({ name }) => name);
  throw new PipelineError({
    code: 'engine-unknown',
    message: `There is no engine "${engine}"`,
    hint: `Did you mean "${closest(engine, known)}"? Engines: ${known.join(', ')}.`,
  });
}

function idleFlag(engine: string, flag: string): PipelineError {
  return new PipelineError({
    code: 'flag-invalid',
    message: `The ${engine} engine has no use for ${flag}`,
    where: flag,
    hint: `Omit ${flag}, or choose another --engine.`,
  });
}

/** What the manifest keeps: the flags that were given, and where jobs are. */
export function engineFlagsOf({ flags }: EngineChoice, { place }: Pick<OpenedEngine, 'place'>): GivenFlags {
  return { ...flags, ...place };
}

/** The engine of a run that was started before, with the flags it was started with unless others are given now. */
export function engineOfRun(
  { engine, engineFlags }: Pick<Manifest, 'engine' | 'engineFlags'>,
  given: object = {},
): EngineChoice {
  const before = engineChoice(engineFlags, engine);
  return { engine, flags: { ...before.flags, ...engineChoice(given, engine).flags } };
}
