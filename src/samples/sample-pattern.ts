import { globSync } from 'node:fs';
import { basename, join, matchesGlob, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';
import { isSampleName } from '../record/keys.ts';
import { parseSampleNames, type SampleRow } from './sample-sheet.ts';
import type { Located } from '../store/open-store.ts';

/** Characters that mark a pattern. */
const SPECIAL = /[*?[\]{}]/;

export function isPattern(text: string): boolean {
  return SPECIAL.test(text);
}

export interface PatternOptions {
  /** The file column to fill; its name is also the suffix stripped from file names to obtain sample names. */
  column: string | undefined;
  /** Folder or `s3://` prefix that a relative pattern starts from. */
  inputs: string | undefined;
  locate: (location: string) => Promise<Located>;
}

/**
 * One sample per matching file: `bams/*.bam`, `s3://bucket/bams/*.bam`.
 * @throws PipelineError `samples-empty` if no file matches, `sample-name` for a file whose name makes no sample name
 */
export async function samplesByPattern(
  pattern: string,
  { column, inputs, locate }: PatternOptions,
): Promise<SampleRow[]> {
  if (column === undefined)
    throw new PipelineError({
      code: 'samples-missing',
      message: 'This pipeline has no file column for a pattern to fill',
    });
  const whole = inputs === undefined || isUrl(pattern) ? pattern : under(inputs, pattern);
  const files = (isUrl(whole) ? await matchingObjects(whole, locate) : globSync(whole).map((file) => resolve(file)))
    .filter((file) => !file.endsWith('/'))
    .sort();
  if (files.length === 0) throw noMatch(pattern);
  const rows = parseSampleNames(files.map((file) => stem(file, column)).join(','), pattern);
  return rows.map((row, i) => ({ ...row, where: files[i] as string, cells: { [column]: files[i] as string } }));
}

export function isUrl(text: string): boolean {
  return /^[a-z0-9]+:\/\//.test(text);
}

function under(folder: string, pattern: string): string {
  return isUrl(folder) ? `${folder.replace(/\/$/, '')}/${pattern}` : join(folder, pattern);
}

/** URLs of the matching objects. Everything below the pattern's fixed start is listed, since a store has no folders. */
async function matchingObjects(pattern: string, locate: PatternOptions['locate']): Promise<string[]> {
  const { store, key } = await locate(pattern);
  const matching: string[] = [];
  for await (const page of store.list(key.slice(0, key.search(SPECIAL))))
    for (const object of page)
      if (matchesGlob(object.key, key)) matching.push(`${store.url.replace(/\/$/, '')}/${object.key}`);
  return matching;
}

function noMatch(pattern: string): PipelineError {
  return new PipelineError({
    code: 'samples-empty',
    message: `No file matches ${pattern}`,
    hint: "Quote the pattern, so that the shell does not expand it: --samples 'bams/*.bam'.",
  });
}

/** The file name without the column's suffix. */
function stem(file: string, column: string): string {
  const name = basename(file);
  const bare = name.endsWith(`.${column}`) ? name.slice(0, -column.length - 1) : name.replace(/\.[^.]+$/, '');
  if (isSampleName(bare)) return bare;
  throw new PipelineError({
    code: 'sample-name',
    message: `"${bare}" is not a valid sample name`,
    where: file,
    hint: 'Rename the file, or list it in a sheet: sample,bam',
  });
}
