import { existsSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { ExitCode, messageOf, PipelineError, throwAll } from '../errors.ts';
import { loadError, placeOf } from '../pipeline/load-error.ts';
import { lendPackage, PACKAGE_URL } from '../pipeline/this-package.ts';
import type { Engine, EngineLimits } from './engine.ts';
import { kebabCase } from './flags.ts';
import type { EngineContext, EngineFlag, EngineProvider, GivenFlags, OpenedEngine } from './provider.ts';

/** What a file exports as its default; of TypeScript authors the compiler has checked it already. */
const definition = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'only lower-case letters, digits and "-"'),
  flags: z.record(
    z.string().regex(/^[a-z][A-Za-z0-9]*$/),
    z.strictObject({
      value: z.string().min(1).optional(),
      description: z.string(),
      default: z.string().optional(),
      repeatable: z.literal(true).optional(),
      onRetry: z.literal(true).optional(),
    }),
  ),
  open: z.custom((value) => typeof value === 'function', 'it has to be a function'),
});

interface LoadedEngine {
  provider: EngineProvider;
  /** Path of its file. */
  module: string;
}

/** Frames of a stack in there are this program's. */
const OWN_FOLDER = fileURLToPath(new URL('.', PACKAGE_URL));

/**
 * Loads an engine from a file (`.ts`, `.js`), or from a package that is installed where the program is called.
 * @param taken names that it may not have
 * @param unknown what is thrown where there is no such file or package
 * @throws PipelineError `engine-broken`, `engine-invalid`
 */
export async function loadEngine(
  engine: string,
  taken: readonly string[],
  unknown: PipelineError,
): Promise<LoadedEngine> {
  const path = isPath(engine) ? resolve(engine) : undefined;
  if (path !== undefined && !existsSync(path)) throw unknown;
  const specifier = path === undefined ? engine : pathToFileURL(realpathSync(path)).href;
  const { exported, module } = await importEngine(specifier, unknown);
  if (exported === undefined) throw invalid(module, 'it has no default export');
  const { error } = definition.safeParse(exported);
  if (error) throw invalid(module, error.issues.map(problem).join('; '));
  const provider = exported as EngineProvider;
  if (taken.includes(provider.name)) throw invalid(module, `the name "${provider.name}" is taken`);
  return { provider, module };
}

function problem({ path, message, code }: z.core.$ZodIssue): string {
  const place = path.join('.');
  if (code === 'invalid_key') return `"${place}": the key of a flag has to be in camelCase`;
  return `"${place}": ${message}`;
}

/** Rather than the name of a package. */
export function isPath(engine: string): boolean {
  return /^[./]|\.[cm]?[jt]s$/.test(engine);
}

/** Imports it from the current folder, lent this package. */
async function importEngine(specifier: string, unknown: PipelineError): Promise<{ exported: unknown; module: string }> {
  let module = specifier;
  const hooks = registerHooks({
    resolve(name, context, next) {
      if (name !== specifier) return lendPackage(name, context, next);
      const found = resolveFirst(() => next(name, { ...context, parentURL: pathToFileURL(resolve('engine.js')).href }));
      if (!found) throw unknown;
      module = fileURLToPath(found.url);
      return found;
    },
    load(url, context, next) {
      // Even if the nearest package.json declares CommonJS.
      const isTypeScript = url.endsWith('.ts') && context.format === 'commonjs-typescript';
      return next(url, isTypeScript ? { ...context, format: 'module-typescript' } : context);
    },
  });
  try {
    return { exported: ((await import(specifier)) as { default?: unknown }).default, module };
  } catch (error) {
    if (error === unknown) throw error;
    throw loadError(module, OWN_FOLDER, error, 'engine');
  } finally {
    hooks.deregister();
  }
}

function resolveFirst<T>(resolving: () => T): T | undefined {
  try {
    return resolving();
  } catch {
    return undefined;
  }
}

const METHODS = ['limits', 'check', 'find', 'submit', 'poll', 'verdicts', 'cancel', 'log', 'close'] as const;

/**
 * Opens an engine from outside. Errors of its code that are not `PipelineError`s are reported as its own.
 * @throws PipelineError `engine-invalid` where something is missing; `engine-failed`
 */
export async function openOutsideEngine(
  { provider, module }: LoadedEngine,
  context: EngineContext,
): Promise<OpenedEngine> {
  const { name } = provider;
  const opened: OpenedEngine = await reported(name, module, 'open', () => provider.open(context));
  const { engine, environments, findings } = opened as Partial<OpenedEngine>;
  const missing = METHODS.filter((method) => typeof engine?.[method] !== 'function');
  if (!engine || missing.length > 0) throw invalid(module, `open() returns an engine without ${missing.join(', ')}`);
  if (typeof environments !== 'function' || typeof findings !== 'function')
    throw invalid(module, 'open() returns no "environments" or no "findings"');
  if (engine.name !== name) throw invalid(module, `open() returns an engine named "${engine.name}", not "${name}"`);
  return { ...opened, engine: reporting(engine, module) };
}

function reporting(engine: Engine, module: string): Engine {
  const methods = METHODS.map((method) => {
    const call = engine[method].bind(engine) as (...given: unknown[]) => Promise<unknown>;
    return [method, (...given: unknown[]) => reported(engine.name, module, method, () => call(...given))];
  });
  const all = { ...(Object.fromEntries(methods) as Omit<Engine, 'name'>), name: engine.name };
  return { ...all, limits: async () => detached(await all.limits(), module) };
}

function detached(limits: EngineLimits, module: string): EngineLimits {
  if (limits.detached) return limits;
  throw invalid(module, 'its limits() are not "detached": jobs have to outlive the process that submits them');
}

async function reported<T>(engine: string, module: string, method: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError({
      code: 'engine-failed',
      message: `The ${engine} engine failed in ${method}(): ${messageOf(error)}`,
      where: placeOf(error, OWN_FOLDER) ?? module,
      hint: 'Fix the engine, then run the same command again.',
      exitCode: ExitCode.environment,
      cause: error,
    });
  }
}

function invalid(module: string, why: string): PipelineError {
  return new PipelineError({
    code: 'engine-invalid',
    message: `The file does not define an engine that can be used: ${why}`,
    where: module,
    hint: 'End it with: export default defineEngine({ name, flags, open }); see docs/engines.md.',
  });
}

/**
 * The values of `--engine-option`, by the keys of the engine's flags.
 * @param isRetry only flags that a retry may change
 * @throws PipelineErrors `flag-invalid`
 */
export function readOptions(provider: EngineProvider, options: readonly string[], isRetry: boolean): GivenFlags {
  const given: Record<string, string | boolean | string[]> = {};
  const errors: PipelineError[] = [];
  for (const text of options) {
    try {
      const { key, flag, value } = readOption(provider, text);
      if (isRetry && !flag.onRetry) throw wrong(`A retry cannot change "${kebabCase(key)}"`, 'Omit it.');
      if (flag.repeatable) given[key] = [...((given[key] ?? []) as string[]), String(value)];
      else if (given[key] === undefined) given[key] = value;
      else throw wrong(`"${kebabCase(key)}" is given twice`, 'Omit one of them.');
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
  return given;
}

function readOption(
  { name: engine, flags }: EngineProvider,
  text: string,
): { key: string; flag: EngineFlag; value: string | boolean } {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? undefined : text.slice(at + 1);
  const [key, flag] = Object.entries(flags).find(([candidate]) => kebabCase(candidate) === name) ?? [];
  if (key === undefined || !flag) {
    const known = Object.keys(flags).map(kebabCase);
    const hint =
      known.length === 0 ? 'It has none.' : `Did you mean "${closest(name, known)}"? Options: ${known.join(', ')}.`;
    throw wrong(`The ${engine} engine has no option "${name}"`, hint);
  }
  if (flag.value !== undefined) {
    if (value) return { key, flag, value };
    throw wrong(`"${name}" needs a value`, `Write --engine-option ${name}=${flag.value.toUpperCase()}.`);
  }
  if (value === undefined || value === 'true' || value === 'false') return { key, flag, value: value !== 'false' };
  throw wrong(`"${name}" takes no value`, `Write --engine-option ${name}.`);
}

function wrong(message: string, hint: string): PipelineError {
  return new PipelineError({ code: 'flag-invalid', message, where: '--engine-option', hint });
}
