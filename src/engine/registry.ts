import { closest } from 'fastest-levenshtein';
import { PipelineError } from '../errors.ts';
import type { Manifest } from '../record/manifest.ts';
import { AWS_BATCH_FLAGS } from './aws-batch/aws-batch-flags.ts';
import { kebabCase, longFlag } from './flags.ts';
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

/** The keys of all their flags, each once. */
export const FLAG_KEYS: readonly string[] = [...new Set(ENGINES.flatMap(({ flags }) => Object.keys(flags)))];

/** What a run keeps of its engine, so that every later command opens the same one. */
type EngineOfRun = Pick<Manifest, 'engine' | 'engineFlags' | 'engineModule'>;

/** Which engine, and how it is set. */
export interface EngineChoice {
  /** One of `ENGINES` by name, or a file or package that exports another one. */
  engine: string;
  /** Of the engines that come with this package. */
  flags: GivenFlags;
  /** `name=value`, or `name` of a switch: flags of an engine from outside. */
  options: readonly string[];
  /** The run that is opened again: its own flags hold where no others are given. */
  run?: EngineOfRun;
}

/** An engine that has been opened, and what the manifest of its runs keeps. */
export interface ChosenEngine extends OpenedEngine {
  kept: Omit<EngineOfRun, 'engine'>;
}

/** Reads a choice of engine from flags by key, as the command line or a program gives them; others are left alone. */
export function engineChoice(engine: string, given: object, options: readonly string[] = []): EngineChoice {
  const all = given as GivenFlags;
  const flags = Object.fromEntries(FLAG_KEYS.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]])));
  return { engine, flags, options };
}

/** The engine of a run that was started before, with the flags it was started with unless others are given now. */
export function engineOfRun(run: EngineOfRun, given: object = {}, options: readonly string[] = []): EngineChoice {
  return { ...engineChoice(run.engineModule ?? run.engine, given, options), run };
}

/**
 * Opens the engine that is chosen.
 * @throws PipelineError `engine-unknown`; `engine-broken` and `engine-invalid` for one from outside that cannot be used;
 * `flag-invalid` for a flag that this engine would have to ignore
 */
export async function openEngine(choice: EngineChoice, context: Omit<EngineContext, 'flags'>): Promise<ChosenEngine> {
  const builtIn = ENGINES.find(({ name }) => name === choice.engine);
  if (!builtIn) return openOutside(choice, context);
  const idle = Object.keys(choice.flags).find((key) => builtIn.flags[key] === undefined);
  if (idle !== undefined) throw idleFlag(builtIn, longFlag(idle));
  if (choice.options.length > 0) throw idleFlag(builtIn, '--engine-option');
  const flags = { ...keptFlags(builtIn, choice.run), ...choice.flags };
  const opened = await builtIn.open({ ...context, flags });
  return { ...opened, kept: { engineFlags: { ...flags, ...opened.place } } };
}

async function openOutside(
  { engine, flags: idle, options, run }: EngineChoice,
  context: Omit<EngineContext, 'flags'>,
): Promise<ChosenEngine> {
  if (run !== undefined && run.engineModule === undefined) throw newerEngine(run);
  const outside = await import('./outside-engine.ts');
  const known = ENGINES.map(({ name }) => name);
  const unknown = unknownEngine(engine, { known, run, isPath: outside.isPath(engine) });
  const loaded = await outside.loadEngine(engine, known, unknown);
  const { provider, module } = loaded;
  const [builtInFlag] = Object.keys(idle);
  if (builtInFlag !== undefined) throw idleFlag(provider, longFlag(builtInFlag));
  const flags = { ...keptFlags(provider, run), ...outside.readOptions(provider, options, run !== undefined) };
  const opened = await outside.openOutsideEngine(loaded, { ...context, flags });
  return { ...opened, kept: { engineModule: module, engineFlags: { ...flags, ...opened.place } } };
}

/** Its name must not be taken for that of a package, whose code would then be loaded. */
function newerEngine({ engine }: EngineOfRun): PipelineError {
  return new PipelineError({
    code: 'engine-unknown',
    message: `The run uses the engine ${engine}, which this version does not have`,
    hint: 'Use the version of batch-pipeline that started the run, or a later one.',
  });
}

/** A flag that the engine no longer has means nothing to it. */
function keptFlags({ flags }: EngineProvider, run: EngineOfRun | undefined): GivenFlags {
  const kept = Object.entries(run?.engineFlags ?? {}).filter(([key]) => flags[key] !== undefined);
  return Object.fromEntries(kept) as GivenFlags;
}

function unknownEngine(
  engine: string,
  { known, run, isPath }: { known: readonly string[]; run: EngineOfRun | undefined; isPath: boolean },
): PipelineError {
  const code = 'engine-unknown';
  if (run?.engineModule !== undefined) {
    const message = `The run uses the engine ${run.engine}, whose file ${engine} no longer exists`;
    return new PipelineError({ code, message, hint: 'Put the file back where it was.' });
  }
  if (isPath) {
    const hint = `Check the path, or name one of ${known.join(', ')}.`;
    return new PipelineError({ code, message: `There is no engine file ${engine}`, where: '--engine', hint });
  }
  const message = `There is no engine "${engine}"`;
  if (engine.includes('/')) {
    const hint = `Install that package in the current folder, or name one of ${known.join(', ')}.`;
    return new PipelineError({ code, message, where: '--engine', hint });
  }
  return new PipelineError({
    code,
    message,
    hint: `Did you mean "${closest(engine, [...known])}"? Engines: ${known.join(', ')}, or the path of a file that defines another.`,
  });
}

function idleFlag({ name, flags }: EngineProvider, flag: string): PipelineError {
  const isBuiltIn = ENGINES.some((engine) => engine.name === name);
  const same = Object.keys(flags).find((key) => !isBuiltIn && longFlag(key) === flag);
  return new PipelineError({
    code: 'flag-invalid',
    message: `The ${name} engine has no use for ${flag}`,
    where: flag,
    hint:
      same === undefined
        ? `Omit ${flag}, or choose another --engine.`
        : `Its own flags are options: --engine-option ${kebabCase(same)}=VALUE.`,
  });
}
