import { type Edit, swap } from './edit.ts';
import { twoSteps } from './pipeline-folders.ts';

const READS = 'await $`Rscript ${files["./count.R"]} ${inputs.text}`;';

/** Files beside the pipeline. */
export const FILES: Edit[] = [
  swap(
    'the content of a declared file',
    { 'pipeline.ts': twoSteps('', READS, '', ['./count.R']), 'count.R': 'XX' },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'the content of one in a folder',
    { 'pipeline.ts': twoSteps('', '', '', ['tables/a.tsv']), 'tables/a.tsv': 'XX' },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a file that is not declared',
    { 'pipeline.ts': twoSteps('', READS, '', ['./count.R']), 'count.R': '', 'other.R': 'XX' },
    ['1', '2'],
    [],
  ),
  swap(
    'a declaration',
    { 'pipeline.ts': twoSteps('', '', '', ['./XX']), 'a.R': '', 'b.R': '' },
    ['a.R', 'b.R'],
    ['one'],
  ),
  swap(
    'the content of a declared file that is read by its place',
    {
      'pipeline.ts': twoSteps(
        "const table = new URL('./table.tsv', import.meta.url);",
        'await $`cat ${table.pathname}`;',
        '',
        ['./table.tsv'],
      ),
      'table.tsv': 'XX',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'the content of a declared file that a module in a folder reads by its place',
    {
      'pipeline.ts': twoSteps("import { table } from './lib/a.ts';", '$`cat ${table.pathname}`;', '', ['lib/t.tsv']),
      'lib/a.ts': "export const table = new URL('t.tsv', import.meta.url);\n",
      'lib/t.tsv': 'XX',
    },
    ['1', '2'],
    ['one'],
  ),
];
