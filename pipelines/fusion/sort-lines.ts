import type { Shell } from '../../src/pipeline/shell.ts';

interface SortContext {
  $: Shell;
  tool: (name: 'sort') => readonly string[];
  scratch: string;
}

/** Memory for sorting; larger files are sorted in pieces on scratch. */
const SORT_MEMORY = '256M';

/** Sorts the lines of a file by bytes, so that the same lines give the same file on every machine. */
export async function sortLines({ $, tool, scratch }: SortContext, source: string, target: string): Promise<void> {
  const sorting = $({ env: { LC_ALL: 'C' } });
  await sorting`${tool('sort')} -S ${SORT_MEMORY} -T ${scratch} -o ${target} ${source}`;
}
