/** What the modules of one folder may import. */
interface Allowed {
  values: readonly string[];
  /** With `import type` only. */
  types: readonly string[];
  /** File name to the folder that only this file may import. */
  exceptions: ReadonlyMap<string, string>;
}

/** What each folder may import; `'everything'` is literal. */
export type ImportTable = ReadonlyMap<string, Allowed | 'everything'>;

const HEADING = '| folder | may import, besides itself, errors.ts and given.ts |';

/**
 * Reads the table in docs/architecture.md, so that it is the rule and not a copy of it. A cell is `nothing`,
 * `everything` or names with commas, each with `(types)` behind it if only types may be imported; then, after a
 * semicolon, remarks, of which only "`FILE` also FOLDER/" is a rule of this table.
 */
export function readImportTable(markdown: string): ImportTable {
  const lines = markdown.split('\n');
  const start = lines.indexOf(HEADING);
  if (start < 0) throw new Error(`docs/architecture.md has no table with the heading ${HEADING}`);
  const rows = lines.slice(start + 2, lines.indexOf('', start));
  return new Map(
    rows.map((row) => readRow(...(row.split('|').map((cell) => cell.trim()) as [string, string, string]))),
  );
}

function readRow(_before: string, folder: string, cell: string): [string, Allowed | 'everything'] {
  const [list = '', remarks = ''] = cell.split(/;(.*)/);
  if (list === 'everything') return [folder, 'everything'];
  const names = list === 'nothing' ? [] : list.split(', ');
  const isType = (name: string) => name.endsWith(' (types)');
  return [
    folder,
    {
      values: names.filter((name) => !isType(name)),
      types: names.filter(isType).map((name) => name.replace(' (types)', '')),
      exceptions: new Map([...remarks.matchAll(/`(\S+)` also (\w+)\//g)].map((found) => [found[1]!, found[2]!])),
    },
  ];
}
