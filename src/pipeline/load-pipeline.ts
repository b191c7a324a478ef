import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PipelineError } from '../errors.ts';
import { loadError } from './load-error.ts';
import { isPipeline, type Pipeline } from './pipeline.ts';
import type { Step } from './step.ts';

/** A definition, and how to find it again from another process. */
export interface LoadedPipeline {
  pipeline: Pipeline;
  /** `builtin:fusion`, or an absolute path. */
  source: string;
  /** Stands for the modules that the file imports and that define no step. */
  helpers: string;
}

/** Pipelines that come with this package. */
const BUILT_IN: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  fusion: () => import('../../pipelines/fusion/fusion.ts'),
};

/** The module that a pipeline file means by `batch-pipeline`, wherever the file lies: built, or from source. */
const PACKAGE_URL = ['./index.js', '../index.ts']
  .map((file) => new URL(file, import.meta.url))
  .find((url) => existsSync(url))?.href as string;
/** Its modules are no part of a pipeline's code, and which of them are still to be loaded depends on the command. */
const PACKAGE_FOLDER = new URL('.', PACKAGE_URL).href;

/**
 * Loads a built-in pipeline by name, or a user's file (`.ts`, `.js`) by path.
 * @throws PipelineError `pipeline-not-found`, `pipeline-broken` (does not compile, or throws) or `pipeline-invalid`.
 */
export async function loadPipeline(nameOrPath: string): Promise<LoadedPipeline> {
  const name = nameOrPath.replace(/^builtin:/, '');
  const builtIn = BUILT_IN[name];
  if (builtIn) return { pipeline: checked((await builtIn()).default, name), source: `builtin:${name}`, helpers: '' };
  const path = resolve(nameOrPath);
  if (!existsSync(path)) throw notFound(nameOrPath);
  // A second import of the same file would load, and so tell, none of its modules.
  const loaded = loadedFiles.get(path) ?? loadFile(path, nameOrPath);
  loadedFiles.set(path, loaded);
  return loaded;
}

/** By path. */
const loadedFiles = new Map<string, Promise<LoadedPipeline>>();

async function loadFile(path: string, given: string): Promise<LoadedPipeline> {
  const { module, files } = await importRecording(path);
  return { pipeline: checked(module.default, given), source: path, helpers: helpersHash(path, files) };
}

/** What stands for a step's code in its tasks' keys. */
export function codeIdentity(step: Step, helpers: string): string {
  const code = step.version === undefined ? `${step.run.toString()}\0${helpers}` : `version ${step.version}`;
  return `${code}\0${JSON.stringify(step.outputSpecs)}`;
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
async function importRecording(path: string): Promise<{ module: { default?: unknown }; files: string[] }> {
  const files: string[] = [];
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'batch-pipeline') return { url: PACKAGE_URL, shortCircuit: true };
      return next(specifier, context);
    },
    load(url, context, next) {
      if (url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(PACKAGE_FOLDER))
        files.push(fileURLToPath(url));
      // Whatever the nearest package.json says of other files: `npm init` says CommonJS.
      const isTypeScript = url.endsWith('.ts') && context.format === 'commonjs-typescript';
      return next(url, isTypeScript ? { ...context, format: 'module-typescript' } : context);
    },
  });
  try {
    return { module: (await import(pathToFileURL(path).href)) as { default?: unknown }, files };
  } catch (error) {
    throw loadError(path, fileURLToPath(PACKAGE_FOLDER), error);
  } finally {
    hooks.deregister();
  }
}

function helpersHash(entry: string, files: readonly string[]): string {
  const sources = files.filter((file) => file !== entry).map((file) => readFileSync(file, 'utf8'));
  const helpers = sources.filter((source) => !/\bdefineStep\s*\(/.test(source));
  return helpers.length === 0 ? '' : hash('sha256', helpers.toSorted().join('\0'));
}
