import { COHORT, isSampleName } from '../record/keys.ts';
import { closest } from 'fastest-levenshtein';
import { CsvError, parse } from 'csv-parse/sync';
import { PipelineError, throwAll } from '../errors.ts';

/** One sample as the user wrote it, before any lookup. */
export interface SampleRow {
  name: string;
  /** Non-empty cells by column; no cells for a plain list of names. */
  cells: Readonly<Record<string, string>>;
  /** `samples.csv:3` */
  where: string;
}

export interface SampleSheet {
  rows: SampleRow[];
  /** Columns that the pipeline does not know. */
  ignored: string[];
}

/**
 * Reads a list of samples: one name per line, or CSV/TSV with a header whose first line names a `sample` column.
 * Blank lines and lines that start with `#` are ignored; `.bam` at the end of a name is dropped.
 * @param columns the columns that the pipeline understands.
 * @throws PipelineErrors that name file, line and column of everything that is wrong.
 */
export function parseSampleSheet(text: string, file: string, columns: readonly string[]): SampleSheet {
  const clean = text.replace(/^\uFEFF/, '');
  const header = clean.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const delimiter = header.includes('\t') ? '\t' : ',';
  const isTable = /(^|[,\t"])sample(["\t,]|$)/.test(header);
  if (!isTable && /[,\t]/.test(header)) throw noSampleColumn(file, clean, header, columns);
  const sheet = isTable ? parseTable(clean, file, delimiter, columns) : { rows: parseList(clean, file), ignored: [] };
  return { ...sheet, rows: checkedRows(sheet.rows, file, clean) };
}

/** A comma list: `S1,S2`. */
export function parseSampleNames(names: string, source: string): SampleRow[] {
  const rows = names
    .split(',')
    .map((name, i) => ({ name: dropSuffix(name.trim()), cells: {}, where: `${source}:${i + 1}` }));
  return checkedRows(
    rows.filter(({ name }) => name !== ''),
    source,
    names,
  );
}

function parseList(text: string, file: string): SampleRow[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const name = line.trimEnd();
    if (name.trim() === '' || name.startsWith('#')) return [];
    return [{ name: dropSuffix(name), cells: {}, where: `${file}:${i + 1}` }];
  });
}

function dropSuffix(name: string): string {
  return name.replace(/\.bam$/, '');
}

function parseTable(text: string, file: string, delimiter: string, columns: readonly string[]): SampleSheet {
  const records = readTable(text, file, delimiter);
  const names = Object.keys(records[0]?.record ?? {});
  const ignored = names.filter((name) => name !== 'sample' && !columns.includes(name));
  const rows = records.map(({ record, info }) => {
    const { sample = '', ...cells } = record;
    return {
      name: dropSuffix(sample.trim()),
      cells: Object.fromEntries(
        Object.entries(cells).filter(([column, cell]) => cell !== '' && columns.includes(column)),
      ),
      where: `${file}:${info.lines - linesWithin(record)}`,
    };
  });
  return { rows, ignored: ignored.map((name) => withNearest(name, columns)) };
}

/** A quoted cell may contain line breaks; the parser reports the line on which the record ends. */
function linesWithin(record: Readonly<Record<string, string>>): number {
  return Object.values(record).join('').split('\n').length - 1;
}

function noSampleColumn(file: string, text: string, header: string, columns: readonly string[]): PipelineError {
  const line = text.split(/\r?\n/).indexOf(header) + 1;
  return new PipelineError({
    code: 'samples-malformed',
    message: 'The table has no column "sample"',
    where: `${file}:${line}`,
    hint: `Name the columns in the first line, in lower case: ${['sample', ...columns].join(',')}.`,
  });
}

function readTable(
  text: string,
  file: string,
  delimiter: string,
): { record: Record<string, string>; info: { lines: number } }[] {
  try {
    return parse(text, {
      columns: (names: string[]) => distinct(names, file),
      delimiter,
      comment: '#',
      comment_no_infix: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as never;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new PipelineError({
      code: 'samples-malformed',
      message: error.message,
      where: `${file}:${Number(error['lines'])}`,
      hint: 'Every line needs as many cells as the first; put double quotes around a cell that contains the delimiter.',
      cause: error,
    });
  }
}

/** With two columns of the same name, only the last would be read. */
function distinct(names: string[], file: string): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new PipelineError({
    code: 'samples-malformed',
    message: `The table has two columns "${twice}"`,
    where: file,
    hint: 'Remove one of them.',
  });
}

function withNearest(name: string, columns: readonly string[]): string {
  return `"${name}" (the nearest known column is "${closest(name, [...columns])}")`;
}

function checkedRows(rows: SampleRow[], file: string, text: string): SampleRow[] {
  if (rows.length === 0) {
    throw new PipelineError({
      code: 'samples-empty',
      message: 'The sample list names no sample',
      where: file,
      hint: 'Write one sample name per line.',
    });
  }
  const first = new Map<string, SampleRow>();
  const lines = text.split(/\r?\n/);
  throwAll(
    rows.flatMap((row) => {
      const before = first.get(row.name);
      if (!before) first.set(row.name, row);
      return [...(before ? [duplicate(row, before)] : []), ...nameErrors(row, lines)];
    }),
  );
  return rows;
}

function duplicate(row: SampleRow, before: SampleRow): PipelineError {
  return new PipelineError({
    code: 'sample-duplicate',
    message: `Sample "${row.name}" is listed twice, first at ${before.where}`,
    where: row.where,
    hint: 'Remove one of them, or give them different names.',
  });
}

function nameErrors(row: SampleRow, lines: readonly string[]): PipelineError[] {
  if (row.name === COHORT) return [takenName(row)];
  if (isSampleName(row.name)) return [];
  const line = lines[Number(row.where.slice(row.where.lastIndexOf(':') + 1)) - 1] ?? '';
  const inName = row.name.search(/[^A-Za-z0-9._-]|\.\.|^[._-]/);
  const [start = ''] = row.name.split('\n');
  const column = Math.max(line.indexOf(start), 0) + Math.max(inName, 0) + 1;
  return [
    new PipelineError({
      code: 'sample-name',
      message: `${shown(row.name)} is not a valid sample name${badCharacter(row.name, inName)}`,
      where: `${row.where}:${column}`,
      hint: 'Use letters, digits, ".", "_" and "-", starting with a letter or digit, at most 128.',
    }),
  ];
}

function takenName({ where }: SampleRow): PipelineError {
  return new PipelineError({
    code: 'sample-name',
    message: `"${COHORT}" is reserved in logs and results for the steps that all samples share`,
    where,
    hint: 'Call the sample something else.',
  });
}

/** A name that is much too long is shortened. */
const SHOWN_CHARS = 130;

function shown(name: string): string {
  return JSON.stringify(name.length > SHOWN_CHARS ? `${name.slice(0, SHOWN_CHARS)}…` : name);
}

/** Look-alike characters cannot be distinguished by eye, so the code point is shown. */
function badCharacter(name: string, at: number): string {
  const point = at < 0 ? undefined : name.codePointAt(at);
  if (point === undefined || point < 0x80) return '';
  return ` (character ${at + 1} is U+${point.toString(16).toUpperCase().padStart(4, '0')})`;
}
