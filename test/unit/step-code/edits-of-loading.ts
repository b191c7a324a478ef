import { type Edit, only, swap } from './edit.ts';
import { twoSteps } from './pipeline-folders.ts';

const TABLE = 'const TABLE: Record<string, { k: number }> = { a: { k: 0 } };\n';
const USES = 'console.log(TABLE);';

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
  swap(
    'a property of every entry',
    only(twoSteps(`${TABLE}for (const t of Object.values(TABLE)) t.k = XX;`, USES)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a property of every entry, by forEach',
    only(twoSteps(`${TABLE}Object.values(TABLE).forEach((t) => { t.k = XX; });`, USES)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a property of every entry, by map',
    only(twoSteps('const TABLE = [{ k: 0 }];\nconst other = TABLE.map((t) => { t.k = XX; return t; });', USES)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a property of every entry, by a named function',
    only(
      twoSteps(
        'const TABLE = [{ k: 0 }];\nfunction set(t: { k: number }) { t.k = XX; return t; }\nconst other = TABLE.map(set);',
        USES,
      ),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'what a pure function makes of every entry',
    only(
      twoSteps(
        'const TABLE = [{ k: 0 }];\nconst other = TABLE.map(({ k }) => k + XX);\nconst sum = TABLE.reduce((all, { k }) => { all.k = k + XX; return all; }, { k: 0 });',
        USES,
      ),
    ),
    ['1', '2'],
    [],
  ),
  swap(
    'a method of an object',
    only(
      twoSteps(
        "const TABLE: any = {};\nconst setup = { nested: { limit(n: string, v: number) { TABLE[n] = v; } } };\nsetup.nested.limit('a', XX);",
        USES,
      ),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a function that a function makes',
    only(
      twoSteps(
        "const TABLE: any = {};\nconst adder = (t: any) => (n: string, v: number) => { t[n] = v; };\nconst add = adder(TABLE);\nadd('a', XX);",
        USES,
      ),
    ),
    ['1', '2'],
    ['one', 'two'],
  ),
  swap(
    'a property of a default import',
    {
      'pipeline.ts': twoSteps("import config from './config.ts';\nconfig.minLength = XX;", '', 'console.log(config);'),
      'config.ts': 'export default { minLength: 20 };\n',
    },
    ['30', '40'],
    ['two'],
  ),
  swap(
    'a property of a variable that is exported as default',
    {
      'pipeline.ts': twoSteps("import config from './config.ts';\nconfig.minLength = XX;", '', 'console.log(config);'),
      'config.ts': 'const config = { minLength: 20 };\nexport default config;\n',
    },
    ['30', '40'],
    ['two'],
  ),
  swap(
    'a function of a namespace that sets a variable',
    {
      'pipeline.ts': twoSteps(
        "import * as util from './util.ts';\nutil.setLimit(XX);",
        'util.limit();',
        'util.other();',
      ),
      'util.ts':
        'let n = 20;\nexport const setLimit = (to: number) => { n = to; };\nexport const limit = () => n;\nexport const other = () => 1;\n',
    },
    ['30', '40'],
    ['one'],
  ),
  swap(
    'a property of what a namespace holds',
    {
      'pipeline.ts': twoSteps("import * as util from './util.ts';\nutil.opts.limit = XX;", 'console.log(util.opts);'),
      'util.ts': 'export const opts = { limit: 20 };\n',
    },
    ['30', '40'],
    ['one'],
  ),
  swap(
    'a default export that sets a variable',
    {
      'pipeline.ts': twoSteps("import configure, { limit } from './configure.ts';\nconfigure(XX);", 'limit();'),
      'configure.ts':
        'let n = 20;\nexport default function configure(to: number) { n = to; }\nexport const limit = () => n;\n',
    },
    ['30', '40'],
    ['one'],
  ),
  swap(
    'a property of JSON',
    {
      'pipeline.ts': twoSteps("import t from './t.json' with { type: 'json' };\nt.limit = XX;", 'console.log(t);'),
      't.json': '{ "limit": 20 }',
    },
    ['30', '40'],
    ['one'],
  ),
  swap(
    'a property of CommonJS',
    {
      'pipeline.ts': twoSteps("import t from './t.cjs';\nt.limit = XX;", 'console.log(t);'),
      't.cjs': 'module.exports = { limit: 20 };\n',
    },
    ['30', '40'],
    ['one', 'two'],
  ),
  swap(
    'a module without imports that sets the environment',
    { 'pipeline.ts': twoSteps("import './setup.ts';", ''), 'setup.ts': "process.env.LC_ALL = 'XX';\n" },
    ['C', 'POSIX'],
    ['one', 'two'],
  ),
  swap(
    'a comment in a module without imports',
    { 'pipeline.ts': twoSteps("import './setup.ts';", ''), 'setup.ts': "process.env.LC_ALL = 'C'; // XX\n" },
    ['a', 'b'],
    [],
  ),
  swap(
    'CommonJS that is imported for what it does',
    {
      'pipeline.ts': twoSteps("import './setup.cjs';", ''),
      'setup.cjs': "require('./more.cjs');\n",
      'more.cjs': "process.env.LC_ALL = 'XX';\n",
    },
    ['C', 'POSIX'],
    ['one', 'two'],
  ),
];
