import { type Edit, only, swap } from './edit.ts';
import { twoSteps } from './pipeline-folders.ts';

/** What modules do when they are loaded. */
export const EFFECTS: Edit[] = [
  swap('a later assignment', only(twoSteps('let N = 1;\nN = XX;', 'console.log(N);')), ['2', '3'], ['one']),
  swap(
    'a property that is set later',
    only(twoSteps('const TABLE: Record<string, number> = {};\nTABLE.a = XX;', 'console.log(TABLE);')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an entry that is added later',
    only(twoSteps('const LIST: number[] = [];\nLIST.push(XX);', '', 'console.log(LIST);')),
    ['1', '2'],
    ['two'],
  ),
  swap(
    'an entry that a function adds',
    only(
      twoSteps(
        'const LIST: number[] = [];\nfunction add(n: number) { LIST.push(n); }\nfor (const n of [XX]) add(n);',
        'console.log(LIST);',
      ),
    ),
    ['1', '1, 2'],
    ['one'],
  ),
  swap(
    'an entry that another module adds',
    {
      'pipeline.ts': twoSteps("import { list } from './list.ts';\nimport './add.ts';", 'console.log(list);'),
      'list.ts': 'export const list: number[] = [];\nexport const add = (n: number) => list.push(n);\n',
      'add.ts': "import { add } from './list.ts';\nadd(XX);\n",
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an entry that is added by another name',
    only(twoSteps('const LIST: number[] = [];\nconst alias = LIST;\nalias.push(XX);', 'console.log(LIST);')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an entry that is added while something is declared',
    only(twoSteps('const LIST: number[] = [];\nconst n = LIST.push(XX);', 'console.log(LIST);')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an object that a function fills',
    only(
      twoSteps(
        'const TABLE: Record<string, number> = {};\nfunction fill(t: Record<string, number>) { t.a = XX; }\nfill(TABLE);',
        'console.log(TABLE);',
      ),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an object that is assigned to',
    only(twoSteps('const TABLE = {};\nObject.assign(TABLE, { a: XX });', 'console.log(TABLE);')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'the environment, by a function',
    only(twoSteps("Object.assign(process.env, { LC_ALL: 'XX' });", '')),
    ['C', 'POSIX'],
    ['one', 'two'],
  ),
  swap('the environment', only(twoSteps("process.env['LC_ALL'] = 'XX';", '')), ['C', 'POSIX'], ['one', 'two']),
  swap(
    'a function that a package is told',
    {
      'pipeline.ts': twoSteps("import { setup } from 'dep';\nsetup(XX);", 'console.log(1);'),
      'node_modules/dep/package.json':
        '{ "name": "dep", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
      'node_modules/dep/index.js': 'export const setup = () => {};\n',
    },
    ['1', '2'],
    ['one', 'two'],
  ),
  swap('a line that is printed', only(twoSteps('console.log.name.at(XX);', '')), ['1', '2'], []),
  swap(
    'what is done to something else',
    only(twoSteps('const A: number[] = [];\nconst B: number[] = [];\nB.push(XX);', 'console.log(A);')),
    ['1', '2'],
    [],
  ),
];
