import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PipelineError, systemCode } from '../errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { isSampleName, parseSampleNames, parseSampleSheet, type SampleRow } from '../pipeline/sample-sheet.ts';

export interface SampleOptions {
  /** A list file, a CSV/TSV sheet, a comma list or a glob. */
  samples: string;
  /** Where names are looked up, and what relative paths start from; by default the list's own folder. */
  inputs?: string | undefined;
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
export function readSamples(pipeline: Pipeline, options: SampleOptions): GivenSamples {
  const { samples, inputs } = options;
  const column = firstFileColumn(pipeline);
  if (/[*?[\]{}]/.test(samples) && !existsSync(samples))
    return { rows: globbed(samples, column, inputs), warnings: [] };
  if (!existsSync(samples)) {
    if (!samples.includes(',') && /[/\\]|\.(csv|tsv|txt)$/.test(samples)) throw noList(samples);
    return {
      rows: parseSampleNames(samples, '--samples').map((row) => located(row, column, inputs ?? '.')),
      warnings: [],
    };
  }
  const columns = Object.keys(pipeline.samples);
  const sheet = parseSampleSheet(readList(samples), samples, columns);
  const base = inputs ?? dirname(samples);
  return {
    rows: sheet.rows.map((row) => located(row, column, base, pipeline)),
    warnings: sheet.ignored.map((name) => `${samples}: this pipeline does not use column ${name}`),
  };
}

function firstFileColumn(pipeline: Pipeline): string | undefined {
  return Object.values(pipeline.samples).find(({ kind }) => kind === 'sample-file')?.column;
}

function readList(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'EISDIR') throw folderGiven(file);
    throw new PipelineError({ code: 'samples-unreadable', message: messageOf(error), where: file });
  }
}

function folderGiven(folder: string): PipelineError {
  return new PipelineError({
    code: 'samples-unreadable',
    message: 'The sample list is a folder',
    where: folder,
    hint: `For the files in it give a quoted pattern: --samples '${join(folder, '*')}'.`,
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

/** Turns relative locations into absolute ones, and a bare name into the file that it stands for. */
function located(row: SampleRow, column: string | undefined, base: string, pipeline?: Pipeline): SampleRow {
  const isFile = (name: string) => pipeline?.samples[name]?.kind === 'sample-file';
  const cells = Object.fromEntries(
    Object.entries(row.cells).map(([name, cell]) => [name, isFile(name) ? absolute(base, cell) : cell]),
  );
  if (Object.keys(cells).length > 0 || column === undefined) return { ...row, cells };
  return { ...row, cells: { [column]: absolute(base, `${row.name}.${column}`) } };
}

function absolute(base: string, location: string): string {
  if (/^[a-z0-9]+:\/\//.test(location)) return location;
  return /^[a-z0-9]+:\/\//.test(base) ? `${base.replace(/\/$/, '')}/${location}` : resolve(base, location);
}

function globbed(pattern: string, column: string | undefined, inputs: string | undefined): SampleRow[] {
  if (column === undefined)
    throw new PipelineError({
      code: 'samples-missing',
      message: 'This pipeline has no file column for a pattern to fill',
    });
  const files = globSync(inputs ? join(inputs, pattern) : pattern).sort();
  if (files.length === 0) {
    throw new PipelineError({
      code: 'samples-empty',
      message: `No file matches ${pattern}`,
      hint: "Quote the pattern, so that the shell leaves it alone: --samples 'bams/*.bam'.",
    });
  }
  const names = parseSampleNames(files.map((file) => stem(file, column)).join(','), pattern);
  return names.map((row, i) => ({
    ...row,
    where: files[i] as string,
    cells: { [column]: resolve(files[i] as string) },
  }));
}

/** A file's name without the column's suffix. */
function stem(file: string, column: string): string {
  const name = basename(file);
  const bare = name.endsWith(`.${column}`) ? name.slice(0, -column.length - 1) : name.replace(/\.[^.]+$/, '');
  if (isSampleName(bare)) return bare;
  throw new PipelineError({
    code: 'sample-name',
    message: `"${bare}" is no usable sample name`,
    where: file,
    hint: 'Rename the file, or list it in a sheet: sample,bam',
  });
}
