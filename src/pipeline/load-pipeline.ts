import { hash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BUILT_IN } from '../../pipelines/catalog.ts';
import { PipelineError } from '../errors.ts';
import {
  codeText,
  filesText,
  type Identities,
  legacyCode,
  legacyHelpers,
  readDeclaredFiles,
  type StepIdentity,
  type UserModule,
  type LoadedSources,
} from './code-identity.ts';
import { loadError, placeOf } from './load-error.ts';
import { isPipeline, type Pipeline } from './pipeline.ts';
import { stepCodes } from './step-code/step-codes.ts';
import { originsOf } from './step-origin.ts';
import { lendPackage, PACKAGE_URL } from './this-package.ts';

/** A definition, and how to find it again from another process. */
export interface LoadedPipeline {
  pipeline: Pipeline;
  /** `builtin:NAME`, or an absolute path. */
  source: string;
  /** What stands for the code of each step; found out once. @throws PipelineError for a declared file that is not there */
  identities(): Promise<Identities>;
  /**
   * The user's own modules that were loaded, the pipeline's file among them, and, once the identities are known, those
   * that a step imports later; of a built-in pipeline none.
   */
  modules: readonly UserModule[];
  /**
   * Once the identities are known: SHA-256, by path, of what they were made from besides the loaded modules, such as
   * the package.json files that tell the versions of libraries.
   */
  read: ReadonlyMap<string, string>;
}

/** Its modules are no part of a pipeline's code, and which of them are still to be loaded depends on the command. */
const PACKAGE_FOLDER = new URL('.', PACKAGE_URL).href;

/**
 * Loads a built-in pipeline by name, or a user's file (`.ts`, `.js`) by path.
 * @throws PipelineError `pipeline-not-found`, `pipeline-broken` (does not compile, or throws) or `pipeline-invalid`.
 */
export async function loadPipeline(nameOrPath: string): Promise<LoadedPipeline> {
  const name = nameOrPath.replace(/^builtin:/, '');
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (builtIn) return loadBuiltIn(name, await builtIn.load());
  const given = resolve(nameOrPath);
  if (!existsSync(given)) throw notFound(nameOrPath);
  // As Node names modules: a symbolic link leads to the same pipeline, with the same files beside it.
  const path = realpathSync(given);
  // A second import of the same file would load, and so tell, none of its modules.
  const loaded = loadedFiles.get(path) ?? loadFile(path, nameOrPath);
  loadedFiles.set(path, loaded);
  return loaded;
}

/** By path. */
const loadedFiles = new Map<string, Promise<LoadedPipeline>>();

function loadBuiltIn(name: string, module: { default: unknown }): LoadedPipeline {
  const pipeline = checked(module.default, name);
  const identities = pipeline.steps.map((step) => [step.name, { code: legacyCode(step, ''), files: [] }]);
  const found = Promise.resolve(Object.fromEntries(identities) as Identities);
  return { pipeline, source: `builtin:${name}`, identities: () => found, modules: [], read: new Map() };
}

async function loadFile(path: string, given: string): Promise<LoadedPipeline> {
  const { module, loaded } = await importRecording(path);
  const pipeline = checked(module.default, given);
  const modules = [...loaded.sources].map(([file, source]) => ({ path: file, sha256: hash('sha256', source) }));
  const read = new Map<string, string>();
  let found: Promise<Identities> | undefined;
  const identities = () => (found ??= identify(pipeline, path, { loaded, modules, read }));
  return { pipeline, source: path, identities, modules, read };
}

async function identify(
  { steps }: Pipeline,
  path: string,
  { loaded, modules, read }: { loaded: LoadedSources; modules: UserModule[]; read: Map<string, string> },
): Promise<Identities> {
  const helpers = legacyHelpers([...loaded.sources].filter(([file]) => file !== path).map(([, source]) => source));
  const files = new Map(steps.map((step) => [step.name, readDeclaredFiles(step, path)]));
  // Also of steps with a version: what they read beside them has to be declared as well.
  const { codes, read: readNow } = await stepCodes(
    path,
    loaded,
    modules,
    steps.map((step) => ({
      ...{ name: step.name, origins: originsOf(step.name, step) },
      files: (files.get(step.name) ?? []).map((file) => file.path),
    })),
  );
  for (const [file, sha256] of Object.entries(readNow)) if (sha256 !== '') read.set(file, sha256);
  const later = [...read].filter(([file]) => !file.includes('/node_modules/') && /\.[cm]?[jt]s$/.test(file));
  modules.push(...later.map(([file, sha256]) => ({ path: file, sha256 })));
  const entries = steps.map((step): [string, StepIdentity] => {
    const own = files.get(step.name) ?? [];
    const legacy = legacyCode(step, helpers);
    if (step.version !== undefined) return [step.name, { code: legacy + filesText(own), files: own }];
    return [step.name, { code: codeText(step, codes[step.name] ?? '', own), legacy, files: own }];
  });
  return Object.fromEntries(entries);
}

function checked(value: unknown, where: string): Pipeline {
  if (isPipeline(value)) return value;
  throw new PipelineError({
    code: 'pipeline-invalid',
    message: 'The file does not export a pipeline as its default',
    where,
    hint: 'End it with: export default definePipeline({ … });',
  });
}

function notFound(given: string): PipelineError {
  return new PipelineError({
    code: 'pipeline-not-found',
    message: `There is no pipeline "${given}"`,
    hint: `Give the path of a pipeline file, or one of: ${Object.keys(BUILT_IN).join(', ')}. "batch-pipeline init" writes a small one.`,
  });
}

/** Imports a module while noting the local files that come with it, and lends it this package. */
async function importRecording(path: string): Promise<{ module: { default?: unknown }; loaded: LoadedSources }> {
  const [sources, resolved] = [new Map<string, string>(), new Map<string, string>()];
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = lendPackage(specifier, context, next);
      if (specifier !== 'batch-pipeline' && context.parentURL?.startsWith('file:'))
        resolved.set(`${fileURLToPath(context.parentURL)} ${specifier}`, found.url);
      return found;
    },
    load(url, context, next) {
      // Whatever the nearest package.json declares for other files: `npm init` declares CommonJS.
      const isTypeScript = url.endsWith('.ts') && context.format === 'commonjs-typescript';
      const loaded = next(url, isTypeScript ? { ...context, format: 'module-typescript' } : context);
      if (url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(PACKAGE_FOLDER)) {
        const file = fileURLToPath(url);
        sources.set(file, textOf(loaded.source ?? readFileSync(file)));
      }
      return loaded;
    },
  });
  try {
    return { module: (await importUserFile(path)) as { default?: unknown }, loaded: { sources, resolved } };
  } catch (error) {
    throw loadError(path, fileURLToPath(PACKAGE_FOLDER), error);
  } finally {
    hooks.deregister();
  }
}

/** A file that ends its process as it is loaded would have a command end with exit code 0 and nothing done. */
async function importUserFile(path: string): Promise<unknown> {
  // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was.
  const exit = process.exit;
  let refused: Error | undefined;
  const replaceExit = (by: typeof process.exit): void => {
    process.exit = by;
    // For `import { exit } from 'node:process'`.
    syncBuiltinESMExports();
  };
  const refuse = (): never => {
    refused = new Error('It calls process.exit while it is loaded');
    Error.captureStackTrace(refused, refuse);
    throw refused;
  };
  replaceExit(refuse);
  try {
    const module: unknown = await import(pathToFileURL(path).href);
    if (refused) throw refused;
    return module;
  } finally {
    replaceExit(exit);
  }
}

/** What an error means that nothing has caught, where a user's file that was loaded is the reason. */
export function userFileError(error: unknown): PipelineError | undefined {
  const [path] = loadedFiles.keys();
  if (path === undefined) return undefined;
  const ownFolder = fileURLToPath(PACKAGE_FOLDER);
  return error instanceof Error && placeOf(error, ownFolder) === undefined
    ? undefined
    : loadError(path, ownFolder, error);
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}
