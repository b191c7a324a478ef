import { hash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { PipelineError } from '../errors.ts';
import type { Step } from './step.ts';
import type { CallPlace } from './step-origin.ts';

/** A step whose code is analysed. */
export interface StepToAnalyse {
  name: string;
  /** Each definition of the step: the call of `defineStep`, then the enclosing calls. */
  origins: readonly (readonly CallPlace[])[];
  /** Absolute paths of its declared files. */
  files: readonly string[];
}

/** The sources that Node has loaded for a pipeline. */
export interface LoadedSources {
  /** By absolute path. */
  sources: ReadonlyMap<string, string>;
  /** `importer specifier` to URL. */
  resolved: ReadonlyMap<string, string>;
}

/** Raised when the analysis produces a different text for the same code. */
export const ANALYSIS = 'step-code/1';

/** What stands for a step's code in the keys of its tasks. */
export interface StepIdentity {
  /** Two steps with the same text give the same results from the same inputs. */
  code: string;
  /** The text that builds up to 6220dab made of the same step, where it is another one. */
  legacy?: string;
  files: readonly DeclaredFile[];
}

/** By step name. */
export type Identities = Readonly<Record<string, StepIdentity>>;

/** A file beside the pipeline that a step declares in `files`, as it was when the pipeline was loaded. */
export interface DeclaredFile {
  /** As declared, relative to the pipeline's file. */
  name: string;
  /** Absolute. */
  path: string;
  /** Hex, of the content. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/** A module of the user's that was loaded for a pipeline, as it was then. */
export interface UserModule {
  /** Absolute. */
  path: string;
  /** Hex, of the source as it was loaded. */
  sha256: string;
}

/**
 * Reads the files that a step declares.
 * @param pipelineFile absolute path of the file that the names are relative to
 * @throws PipelineError `pipeline-invalid` for one that is not there, or is not a regular file
 */
export function readDeclaredFiles(step: Step, pipelineFile: string): DeclaredFile[] {
  return step.files.map((name) => {
    const path = declaredPath(name, pipelineFile);
    const problem = problemOf(name, path);
    if (problem !== undefined) throw badFile(step, name, problem, pipelineFile);
    const content = readFileSync(path);
    return { name, path, sha256: hash('sha256', content), size: content.byteLength };
  });
}

/** Where a declared file lies. */
function declaredPath(name: string, pipelineFile: string): string {
  return join(dirname(pipelineFile), name);
}

function problemOf(name: string, path: string): string | undefined {
  if (isAbsolute(name)) return 'is an absolute path';
  const state = lstatSync(path, { throwIfNoEntry: false });
  if (!state) return 'does not exist';
  return state.isFile() ? undefined : 'is not a regular file';
}

function badFile(step: Step, name: string, problem: string, pipelineFile: string): PipelineError {
  return new PipelineError({
    code: 'pipeline-invalid',
    message: `The file "${name}" of step ${step.name} ${problem}`,
    where: pipelineFile,
    hint: 'Name regular files in files: […], by paths relative to the pipeline file.',
  });
}

/** The step's identity as builds up to 6220dab computed it. `helpers` stands for imported modules that define no step. */
export function legacyCode(step: Step, helpers: string): string {
  return withOutputs(
    step,
    step.version === undefined ? `${step.run.toString()}\0${helpers}` : `version ${step.version}`,
  );
}

/** What an analysed step's code, the names of its outputs, its tools' commands and its declared files come to. */
export function codeText(step: Step, code: string, files: readonly DeclaredFile[]): string {
  return withOutputs(step, code) + commandsText(step) + filesText(files);
}

/** How a step's tools are called; nothing where it has none. */
function commandsText({ tools }: Step): string {
  const lines = tools.map(({ commands }) => `\0${JSON.stringify(commands)}`);
  return lines.toSorted().join('');
}

/** What declared files add to the identity of their step; nothing where there are none. */
export function filesText(files: readonly DeclaredFile[]): string {
  const lines = files.map(({ name, sha256 }) => `\0${name}\0${sha256}`);
  return lines.toSorted().join('');
}

function withOutputs(step: Step, code: string): string {
  return `${code}\0${JSON.stringify(step.outputSpecs)}`;
}

/** What stands for the modules that a file imports and that define no step, in builds up to 6220dab. */
export function legacyHelpers(sources: readonly string[]): string {
  const helpers = sources.filter((source) => !/\bdefineStep\s*\(/.test(source));
  return helpers.length === 0 ? '' : hash('sha256', helpers.toSorted().join('\0'));
}
