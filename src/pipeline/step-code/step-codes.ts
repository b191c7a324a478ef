import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import type { UserModule } from '../code-identity.ts';
import type { CallPlace } from '../step-origin.ts';

/** A step whose code is to be found. */
export interface StepToAnalyse {
  name: string;
  /** Each way in which it was defined: the call of `defineStep`, then the calls around it. */
  origins: readonly (readonly CallPlace[])[];
  /** Absolute paths of the files that it declares. */
  files: readonly string[];
}

/** What Node has loaded for a pipeline. */
export interface LoadedSources {
  /** By absolute path. */
  sources: ReadonlyMap<string, string>;
  /** `importer specifier` to URL. */
  resolved: ReadonlyMap<string, string>;
}

/** Raised when the same code comes to have another text. */
export const ANALYSIS = 'step-code/1';

export interface StepCodes {
  /** By step. */
  codes: Readonly<Record<string, string>>;
  /**
   * SHA-256 by path of what was read besides the loaded sources: modules that are imported later, package.json files.
   * Empty for what is not there.
   */
  read: Readonly<Record<string, string>>;
}

/**
 * What stands for all code that the `run` of each step reaches. It is remembered for the same sources and imports, since parsing
 * costs as much time as a whole `run` that has nothing to do.
 * @param entry absolute path of the pipeline's file
 * @throws PipelineErrors `undeclared-file`
 */
export async function stepCodes(
  entry: string,
  loaded: LoadedSources,
  modules: readonly UserModule[],
  steps: readonly StepToAnalyse[],
): Promise<StepCodes> {
  const file = noteFile(entry);
  const sources = hash('sha256', JSON.stringify([ANALYSIS, entry, modules, resolvedByUser(loaded), steps]));
  const known = file === undefined ? undefined : readNote(file, sources);
  if (known) return known;
  const { analyseSteps } = await import('./analyse.ts');
  const { codes, read } = analyseSteps(entry, loaded, steps);
  if (file !== undefined) writeNote(file, { sources, read, codes });
  return { codes, read };
}

/** What the imports of the user's modules lead to: the same source can import another file than before. */
function resolvedByUser({ resolved }: LoadedSources): [string, string][] {
  const isUsers = ([importer]: [string, string]) => !importer.includes('/node_modules/');
  return [...resolved].filter(isUsers).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const note = z.object({
  /** Stands for the loaded sources, what they import, the steps and the analysis. */
  sources: z.string(),
  /** SHA-256 of whatever else was read, by path; empty for what was not there. */
  read: z.record(z.string(), z.string()),
  codes: z.record(z.string(), z.string()),
});

/**
 * Beside the code that Node has compiled of the same files: whoever can write there can have us run anything already, so
 * that nobody new has to be trusted. One file per pipeline file. `undefined` where Node keeps no such folder.
 */
function noteFile(entry: string): string | undefined {
  const folder = getCompileCacheDir();
  return folder && join(folder, 'step-codes', `${hash('sha256', entry)}.json`);
}

function readNote(file: string, sources: string): StepCodes | undefined {
  try {
    const found = note.parse(JSON.parse(readFileSync(file, 'utf8')));
    const isSame = ([path, sha256]: [string, string]) => digestOf(path) === sha256;
    return found.sources === sources && Object.entries(found.read).every(isSame) ? found : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return '';
  return hash('sha256', new TextDecoder().decode(readFileSync(path)));
}

/** It only saves time: a folder that cannot be written is no error. */
function writeNote(file: string, content: z.infer<typeof note>): void {
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(content));
    renameSync(temporary, file);
  } catch {
    // The next call parses again.
  }
}
