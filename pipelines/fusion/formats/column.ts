/** A column of one of our tables, with what it means: the data dictionary is made from these. */
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

/** First line of the table, with its end. */
export function headerLine<Row>({ columns }: Table<Row>): string {
  return `${columns.map(({ name }) => name).join('\t')}\n`;
}

/** One line, with its end. What is not known is empty; tabs and line ends in texts become blanks. */
export function tableLine<Row>({ columns }: Table<Row>, row: Row): string {
  const fields = columns.map(({ value }) => String(value(row) ?? '').replace(/[\t\r\n]+/g, ' '));
  return `${fields.join('\t')}\n`;
}

/** Markdown that says what each column means. */
export function dictionaryText<Row>({ file, about, columns }: Table<Row>): string {
  const lines = columns.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
  return [`## ${file}`, '', about, '', '| column | meaning |', '| --- | --- |', ...lines, ''].join('\n');
}
