/** A column of one of our tables with its meaning: the data dictionary is generated from these. */
export interface Column<Row> {
  name: string;
  meaning: string;
  value: (row: Row) => string | number | undefined;
}

export interface Table<Row> {
  file: string;
  about: string;
  columns: readonly Column<Row>[];
}

/** The header line of the table, with its line end. */
export function headerLine<Row>({ columns }: Table<Row>): string {
  return `${columns.map(({ name }) => name).join('\t')}\n`;
}

/** One line, with its line end. Unknown values are empty; tabs and line ends in texts become blanks. */
export function tableLine<Row>({ columns }: Table<Row>, row: Row): string {
  const fields = columns.map(({ value }) => String(value(row) ?? '').replace(/[\t\r\n]+/g, ' '));
  return `${fields.join('\t')}\n`;
}

/** Markdown that describes each column. */
export function dictionaryText<Row>({ file, about, columns }: Table<Row>): string {
  const lines = columns.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
  return [`## ${file}`, '', about, '', '| column | meaning |', '| --- | --- |', ...lines, ''].join('\n');
}
