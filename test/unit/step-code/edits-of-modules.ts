import { type Edit, only, swap, USES_HELPER } from './edit.ts';
import { twoSteps } from './pipeline-folders.ts';

/** Modules of the user's. */
export const MODULES: Edit[] = [
  swap(
    'a function of another module',
    {
      'pipeline.ts': twoSteps("import { a, b } from './lib/all.ts';", 'a();', 'b();'),
      'lib/all.ts': "export * from './a.ts';\nexport { b } from './b.ts';\n",
      'lib/a.ts': 'export function a() { return XX; }\nexport const other = 1;\n',
      'lib/b.ts': 'export const b = () => 1;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'what it uses there',
    {
      'pipeline.ts': twoSteps("import { a } from './a.ts';", 'a();'),
      'a.ts': "import { K as k } from './k.ts';\nexport const a = () => k;\n",
      'k.ts': 'export const K = XX;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'what nothing uses there',
    {
      'pipeline.ts': twoSteps("import { a } from './a.ts';", 'a();'),
      'a.ts': 'export const a = () => 1;\nexport const b = XX;\n',
    },
    ['1', '2'],
    [],
  ),
  swap(
    'a default export',
    {
      'pipeline.ts': twoSteps("import a from './a.ts';", '', 'a();'),
      'a.ts': 'export default (): number => XX;\n',
    },
    ['1', '2'],
    ['two'],
  ),
  swap(
    'one function of a namespace',
    {
      'pipeline.ts': twoSteps("import * as lib from './a.ts';", 'lib.a();', 'lib.b();'),
      'a.ts': 'export const a = () => XX;\nexport const b = () => 1;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a namespace as a value',
    {
      'pipeline.ts': twoSteps("import * as lib from './a.ts';", 'console.log(lib);'),
      'a.ts': 'export const a = () => XX;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'which of two modules a name comes from',
    {
      'pipeline.ts': twoSteps("import { f } from './XX';\nimport { g } from './b.ts';", 'f(); g();'),
      'a.ts': 'const K = 1;\nexport const f = () => K;\n',
      'b.ts': 'const K = 2;\nexport const f = () => K;\nexport const g = () => K;\n',
    },
    ['a.ts', 'b.ts'],
    ['one'],
  ),
  {
    edit: 'values swapped between two modules',
    before: {
      'pipeline.ts': twoSteps("import { f } from './a.ts';\nimport { g } from './b.ts';", 'f(); g();'),
      'a.ts': 'const K = 1;\nexport const f = () => K;\n',
      'b.ts': 'const K = 2;\nexport const g = () => K;\n',
    },
    after: {
      'pipeline.ts': twoSteps("import { f } from './a.ts';\nimport { g } from './b.ts';", 'f(); g();'),
      'a.ts': 'const K = 2;\nexport const f = () => K;\n',
      'b.ts': 'const K = 1;\nexport const g = () => K;\n',
    },
    reruns: ['one'],
  },
  {
    edit: 'the name of a module',
    before: {
      'pipeline.ts': twoSteps("import { a } from './a.ts';", 'a();'),
      'a.ts': 'export const a = () => 1;\n',
    },
    after: {
      'pipeline.ts': twoSteps("import { a as other } from './lib/b.ts';", 'other();'),
      'lib/b.ts': 'export const a = () => 1;\n',
    },
    reruns: [],
  },
  {
    edit: 'a helper moved to another file',
    before: only(twoSteps('function helper(p: string) { return p; }', USES_HELPER)),
    after: {
      'pipeline.ts': twoSteps("import { helper } from './a.ts';", USES_HELPER),
      'a.ts': 'export function helper(p: string) { return p; }\n',
    },
    reruns: [],
  },
  swap(
    'a module imported while running',
    {
      'pipeline.ts': twoSteps('', "const { a } = await import('./a.ts'); a();"),
      'a.ts': "import { k } from './k.ts';\nexport const a = () => k;\n",
      'k.ts': 'export const k = XX;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a module imported by a computed name',
    {
      'pipeline.ts': twoSteps("import './a.ts';", 'await import(`./${inputs.text}.ts`);'),
      'a.ts': 'export const a = XX;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap('anything, beside an eval', only(twoSteps('const unused = XX;', 'eval(inputs.text);')), ['1', '2'], ['one']),
  swap(
    'JSON',
    {
      'pipeline.ts': twoSteps("import table from './t.json' with { type: 'json' };", 'console.log(table);'),
      't.json': '{"a": XX}',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'white space of JSON',
    {
      'pipeline.ts': twoSteps("import table from './t.json' with { type: 'json' };", 'console.log(table);'),
      't.json': '{"a":XX1}',
    },
    ['', '\n  '],
    [],
  ),
  swap(
    'CommonJS',
    {
      'pipeline.ts': twoSteps("import a from './a.cjs';", 'console.log(a);'),
      'a.cjs': "module.exports = require('./b.cjs');\n",
      'b.cjs': 'module.exports = XX;\n',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a comment in CommonJS',
    { 'pipeline.ts': twoSteps("import a from './a.cjs';", 'console.log(a);'), 'a.cjs': 'module.exports = 1; // XX\n' },
    ['a', 'b'],
    [],
  ),
  swap(
    'CommonJS that is required without an extension while running',
    {
      'pipeline.ts': twoSteps("import a from './a.cjs';", 'a.f();'),
      'a.cjs': "exports.f = () => require('./util').g();\n",
      'util.js': 'exports.g = () => XX;\n',
      'package.json': '{ "type": "commonjs" }',
    },
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a comment on a module that is no longer there',
    {
      'pipeline.ts': twoSteps("import a from './a.cjs';", 'console.log(a);'),
      'a.cjs': "// was require('./XX')\ntry { require('./optional'); } catch {}\nmodule.exports = 1;\n",
    },
    ['old', 'older'],
    [],
  ),
  {
    edit: 'a module that is imported if it is there',
    before: only(twoSteps('', "await import('./local.ts').catch(() => undefined);")),
    after: {
      'pipeline.ts': twoSteps('', "await import('./local.ts').catch(() => undefined);"),
      'local.ts': 'export const a = 1;\n',
    },
    reruns: ['one'],
  },
];

const DEPENDENCY = {
  'node_modules/dep/package.json': '{ "name": "dep", "version": "XX", "type": "module", "exports": "./index.js" }',
  'node_modules/dep/index.js': 'export const a = 1;\nexport default 2;\n',
};

/** Packages. */
export const PACKAGES: Edit[] = [
  swap(
    'the version of a package',
    { 'pipeline.ts': twoSteps("import { a } from 'dep';", 'console.log(a);'), ...DEPENDENCY },
    ['1.0.0', '1.0.1'],
    ['one'],
  ),
  swap(
    'the version of a package that nothing uses',
    { 'pipeline.ts': twoSteps("import { a } from 'dep';\nconsole.log.name.at(a);", ''), ...DEPENDENCY },
    ['1.0.0', '1.0.1'],
    [],
  ),
  swap(
    'the name that is taken from a package',
    {
      'pipeline.ts': twoSteps("import XX from 'dep';", 'console.log(a);'),
      ...DEPENDENCY,
      'node_modules/dep/package.json':
        '{ "name": "dep", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    },
    ['{ a }', 'a'],
    ['one'],
  ),
  swap(
    'a package imported for what it does',
    { 'pipeline.ts': twoSteps("import 'dep';", ''), ...DEPENDENCY },
    ['1.0.0', '1.0.1'],
    ['one', 'two'],
  ),
];
