import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, PipelineError, systemCode } from '../errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { parseSampleNames, parseSampleSheet, type SampleRow } from './sample-sheet.ts';
import type { Located } from '../store/open-store.ts';
import { isPattern, isUrl, samplesByPattern } from './sample-pattern.ts';

export interface SampleOptions {
  /** A list file or a CSV/TSV sheet (a path or an `s3://` URL), a comma list, or a pattern. */
  samples: string;
  /** Folder for bare names and relative paths; by default the folder of the list. */
  inputs?: string | undefined;
  locate: (location: string) => Promise<Located>;
}

export interface GivenSamples {
  rows: SampleRow[];
  warnings: string[];
}

/**
 * Reads what `--samples` means. A plain name stands for `<name>.<column>` in the inputs folder, for the first file
 * column of the pipeline (`S1` -> `S1.bam`).
 * @throws PipelineErrors that name file, line and column.
 */
export async function readSamples(pipeline: Pipeline, options: SampleOptions): Promise<GivenSamples> {
  const { samples, inputs, locate } = options;
  const column = firstFileColumn(pipeline);
  if (isPattern(samples) && !existsSync(samples))
    return { rows: await samplesByPattern(samples, { column, inputs, locate }), warnings: [] };
  const text = await readList(samples, locate);
  if (text === undefined) {
    if (!samples.includes(',') && /[/\\]|\.(csv|tsv|txt)$/.test(samples)) throw noList(samples);
    return {
      rows: parseSampleNames(samples, '--samples').map((row) => located(row, column, inputs ?? '.')),
      warnings: [],
    };
  }
  const columns = Object.keys(pipeline.samples);
  const sheet = parseSampleSheet(text, samples, columns);
  const base = inputs ?? (isUrl(samples) ? samples.replace(/\/[^/]*$/, '') : dirname(samples));
  return {
    rows: sheet.rows.map((row) => located(row, column, base, pipeline)),
    warnings: sheet.ignored.map((name) => `${samples}: this pipeline does not use column ${name}`),
  };
}

function firstFileColumn(pipeline: Pipeline): string | undefined {
  return Object.values(pipeline.samples).find(({ kind }) => kind === 'sample-file')?.column;
}

/** `undefined` if there is no such file. */
async function readList(samples: string, locate: SampleOptions['locate']): Promise<string | undefined> {
  if (isUrl(samples)) {
    const { store, key } = await locate(samples);
    const body = await store.read(key);
    return body && new TextDecoder().decode(body);
  }
  if (!existsSync(samples)) return undefined;
  try {
    return readFileSync(samples, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'EISDIR') throw folderGiven(samples);
    throw new PipelineError({ code: 'samples-unreadable', message: messageOf(error), where: samples });
  }
}

function folderGiven(folder: string): PipelineError {
  return new PipelineError({
    code: 'samples-unreadable',
    message: 'The sample list is a folder',
    where: folder,
    hint: `To use the files in it, give a quoted pattern: --samples '${join(folder, '*')}'.`,
  });
}

function noList(file: string): PipelineError {
  return new PipelineError({
    code: 'samples-missing',
    message: 'There is no such sample list',
    where: file,
    hint: "Give a list file, a CSV/TSV sheet, names as S1,S2, or a quoted pattern such as 'bams/*.bam'.",
  });
}

/** Makes relative locations absolute and turns a bare name into the file it stands for. */
function located(row: SampleRow, column: string | undefined, base: string, pipeline?: Pipeline): SampleRow {
  const isFile = (name: string) => pipeline?.samples[name]?.kind === 'sample-file';
  const cells = Object.fromEntries(
    Object.entries(row.cells).map(([name, cell]) => [name, isFile(name) ? absolute(base, cell) : cell]),
  );
  if (Object.keys(cells).length > 0 || column === undefined) return { ...row, cells };
  return { ...row, cells: { [column]: absolute(base, `${row.name}.${column}`) } };
}

function absolute(base: string, location: string): string {
  if (isUrl(location)) return location;
  return isUrl(base) ? `${base.replace(/\/$/, '')}/${location}` : resolve(base, location);
}
