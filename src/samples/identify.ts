import pLimit from 'p-limit';
import { ExitCode, messageOf, PipelineError, throwAll } from '../errors.ts';
import { readCell } from '../pipeline/cell-value.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { SampleRow } from './sample-sheet.ts';
import type { FileIdentity, PlanSample } from '../record/manifest.ts';
import type { Located } from '../store/open-store.ts';
import { type LookUp, lookUpFiles } from './look-up-files.ts';

type Locate = (location: string) => Promise<Located>;

/** Files looked up at a time. */
const PARALLEL_LOOKS = 32;

/**
 * Looks up the size and ETag of every file that the samples name.
 * @throws PipelineErrors naming every sample whose file is missing, unreadable or empty, and every bad cell.
 */
export async function identifySamples(
  pipeline: Pipeline,
  rows: readonly SampleRow[],
  locate: Locate,
): Promise<PlanSample[]> {
  const limit = pLimit(PARALLEL_LOOKS);
  const errors: PipelineError[] = [];
  const lookUp = await lookUpFiles(fileCells(pipeline, rows), locate);
  const samples = await Promise.all(rows.map((row) => limit(() => identifySample(pipeline, row, lookUp, errors))));
  throwAll(errors);
  return samples;
}

function fileCells(pipeline: Pipeline, rows: readonly SampleRow[]): string[] {
  return rows.flatMap(({ cells }) =>
    Object.entries(cells).flatMap(([column, cell]) => (pipeline.samples[column]?.kind === 'sample-file' ? [cell] : [])),
  );
}

async function identifySample(
  pipeline: Pipeline,
  row: SampleRow,
  lookUp: LookUp,
  errors: PipelineError[],
): Promise<PlanSample> {
  const files: Record<string, FileIdentity> = {};
  const values: Record<string, string> = {};
  for (const [column, cell] of Object.entries(row.cells)) {
    const handle = pipeline.samples[column];
    if (handle?.kind === 'sample-value') {
      const read = readCell(handle.schema, cell);
      if ('value' in read) values[column] = cell;
      else errors.push(badCell(row, column, cell, read.issue));
    } else if (handle) {
      const found = await lookAt(cell, lookUp).catch((error: unknown) =>
        missingFile(row, column, cell, messageOf(error)),
      );
      if (found instanceof PipelineError) errors.push(found);
      else files[column] = found;
    }
  }
  return { name: row.name, files, values, where: row.where };
}

/** Size and ETag of a file. @throws PipelineError `object-not-found`, or the store's own error */
async function lookAt(location: string, lookUp: LookUp): Promise<FileIdentity> {
  const info = await lookUp(location);
  if (!info) throw new PipelineError({ code: 'object-not-found', message: 'there is no such file' });
  return { location, size: info.size, etag: info.etag };
}

/** @throws PipelineErrors naming every reference file that is missing. */
export async function identifyReferences(
  given: Readonly<Record<string, string>>,
  locate: Locate,
): Promise<Record<string, FileIdentity>> {
  const errors: PipelineError[] = [];
  const found: Record<string, FileIdentity> = {};
  const lookUp = await lookUpFiles(Object.values(given), locate);
  for (const [name, location] of Object.entries(given)) {
    try {
      found[name] = await lookAt(location, lookUp);
    } catch (error) {
      errors.push(
        new PipelineError({
          code: 'reference-missing',
          message: `Reference file ${name}: ${location}: ${messageOf(error)}`,
          hint: 'Check the path.',
          exitCode: ExitCode.usage,
        }),
      );
    }
  }
  throwAll(errors);
  return found;
}

function missingFile(row: SampleRow, column: string, location: string, why: string): PipelineError {
  return new PipelineError({
    code: 'sample-file-missing',
    message: `Sample "${row.name}": ${column} ${location}: ${why}`,
    where: row.where,
    hint: 'Check the path; a plain list of names is looked up with --inputs FOLDER.',
  });
}

function badCell(row: SampleRow, column: string, cell: string, issue: string): PipelineError {
  return new PipelineError({
    code: 'sample-value',
    message: `Sample "${row.name}": ${column} cannot be "${cell}": ${issue}`,
    where: row.where,
  });
}
