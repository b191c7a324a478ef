import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { ANALYSIS, type LoadedSources, type StepToAnalyse, type UserModule } from '../code-identity.ts';

export interface StepCodes {
  /** By step. */
  codes: Readonly<Record<string, string>>;
  /**
   * SHA-256 by path of everything read besides the loaded sources: modules imported later, package.json files. Empty
   * for a missing file.
   */
  read: Readonly<Record<string, string>>;
}

/**
 * The identity of all code that the `run` of each step reaches. It is cached for the same sources and imports, since
 * parsing takes as long as a whole `run` with nothing to do.
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

/** What the imports of the user's modules resolve to: unchanged source can import a different file than before. */
function resolvedByUser({ resolved }: LoadedSources): [string, string][] {
  const isUsers = ([importer]: [string, string]) => !importer.includes('/node_modules/');
  return [...resolved].filter(isUsers).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const note = z.object({
  /** Hash of the loaded sources, their imports, the steps and the analysis version. */
  sources: z.string(),
  /** SHA-256 by path of everything else that was read; empty for a missing file. */
  read: z.record(z.string(), z.string()),
  codes: z.record(z.string(), z.string()),
});

/**
 * Kept beside Node's compile cache of the same files: anyone who can write there can already make this process run
 * arbitrary code, so no further trust is needed. One file per pipeline file. `undefined` if Node has no compile cache.
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

/** The cache only saves time: an unwritable folder is not an error. */
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
