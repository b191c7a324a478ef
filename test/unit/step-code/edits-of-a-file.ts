import { type Edit, only, swap, USES_HELPER } from './edit.ts';
import { twoSteps } from './pipeline-folders.ts';

/** A step with a tool that is called by one command. */
function withTool(command: string, conda: string): string {
  const tool = `{ name: 'R', commands: [${command}], version: { args: ['--version'], pattern: /./ }, install: { debian: 'r', conda: '${conda}' } }`;
  return twoSteps(`const R = ${tool};`, '').replace("name: 'one',", "name: 'one', tools: [R],");
}

/** Within one file. */
export const SAME_FILE: Edit[] = [
  swap('the body of run', only(twoSteps('', 'await $`cat XX`;')), ['a', 'b'], ['one']),
  swap(
    'a helper function',
    only(twoSteps('function helper(path: string): string { return path + XX; }', USES_HELPER)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a helper of a helper, that both use',
    only(
      twoSteps(
        'const inner = () => XX;\nconst helper = (p: string) => p + inner();\nclass Other { m() { return inner(); } }',
        USES_HELPER,
        'new Other().m();',
      ),
    ),
    ['1', '2'],
    ['one', 'two'],
  ),
  swap('a constant', only(twoSteps('const LIMIT = XX;', '', 'console.log(LIMIT);')), ['10', '11'], ['two']),
  swap(
    'a method of a class',
    only(twoSteps('class Parser { parse() { return XX; } }', 'new Parser().parse();')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a base class',
    only(twoSteps('class A { m() { return XX; } }\nclass B extends A {}', 'new B().m();')),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'an enumeration of constants taken apart',
    only(twoSteps('const { a, b } = { a: XX, b: 2 };', 'console.log(a);', 'console.log(b);')),
    ['1', '2'],
    ['one', 'two'],
  ),
  swap(
    'which of two names taken apart is which',
    only(twoSteps('const { a: XX } = { a: 1, b: 2 };', 'console.log(p, q);')),
    ['p, b: q', 'q, b: p'],
    ['one'],
  ),
  swap(
    'a function that nothing uses',
    only(twoSteps('function unused() { return XX; }', USES_HELPER.replace('helper', 'String'))),
    ['1', '2'],
    [],
  ),
  swap(
    'a constant beside, in the same statement',
    only(twoSteps('const A = 1, B = XX;', 'console.log(A);', 'console.log(B);')),
    ['1', '2'],
    ['two'],
  ),
  swap(
    'a default of an argument',
    only(twoSteps('function helper(p: string, n = XX) { return p + n; }', USES_HELPER)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a variable with a name that hides it',
    only(twoSteps('const N = XX;', 'const N = 3; console.log(N);')),
    ['1', '2'],
    [],
  ),
  swap('a regular expression', only(twoSteps('const RE = /a/XX;', 'RE.test("");')), ['g', 'i'], ['one']),
  swap('a literal that prints alike', only(twoSteps('const N = XX;', 'console.log(N);')), ['1', "'1'"], ['one']),
  swap('a huge number', only(twoSteps('const N = XX;', 'console.log(N);')), ['1e999', 'null'], ['one']),
  swap('a big integer', only(twoSteps('const N = XX;', 'console.log(N);')), ['1n', '2n'], ['one']),
  swap('an escape in a template', only(twoSteps('', 'await $`printf XX`;')), ['a\\n', 'a\\t'], ['one']),
  swap('the position of a hole', only(twoSteps('const L = [XX];', 'console.log(L);')), [',1', '1,'], ['one']),
  swap('async', only(twoSteps('const f = XX() => 1;', 'f();')), ['', 'async '], ['one']),
  swap('how a tool is called', only(withTool("['Rscript'XX]", 'conda')), ['', ", '--vanilla'"], ['one']),
  swap('const to let', only(twoSteps('XX N = 1;', 'console.log(N);')), ['const', 'let'], []),
];

/** How it is written, and what is no code. */
export const NO_CODE: Edit[] = [
  swap('a comment in run', only(twoSteps('', '/* XX */ await $`cat`; // XX')), ['a', 'b'], []),
  swap(
    'a comment in a helper',
    only(twoSteps('function helper(p: string) { /* XX */ return p; }', USES_HELPER)),
    ['a', 'b'],
    [],
  ),
  swap('white space', only(twoSteps('', 'if (outputs.out) {XXconsole.log(1);XX}')), ['', '\n\n\t '], []),
  swap('quotes', only(twoSteps('', 'console.log(XX);')), ["'a'", '"a"'], []),
  swap('parentheses', only(twoSteps('', 'console.log(XX);')), ['1 + 2 * 3', '(1 + (2 * 3))'], []),
  swap('semicolons', only(twoSteps('', 'console.log(1)XX')), [';', ';;'], []),
  swap('a trailing comma', only(twoSteps('', 'console.log([1XX]);')), ['', ','], []),
  swap('a shorthand', only(twoSteps('', 'const a = 1; console.log({ XX });')), ['a', 'a: a'], []),
  swap('a quoted key', only(twoSteps('', 'console.log({ XX: 1 });')), ['a', "'a'"], []),
  swap(
    'a type',
    only(twoSteps('function helper(p: XX) { return p; }', USES_HELPER)),
    ['string', 'string | number'],
    [],
  ),
  swap('a type that is removed', only(twoSteps('XX', 'console.log(1);')), ['', 'interface A { b: string }'], []),
  swap('export', only(twoSteps('XXfunction helper(p: string) { return p; }', USES_HELPER)), ['', 'export '], []),
  swap(
    'the description',
    only(twoSteps('', '').replaceAll("description: 'd', inputs", "description: 'XX', inputs")),
    ['d', 'e'],
    [],
  ),
  swap('where a tool is found', only(withTool("['Rscript']", 'XX')), ['r-base', 'r'], []),
  swap('memory', only(twoSteps('', '').replaceAll('100 MB', 'XX MB')), ['100', '200'], []),
  swap(
    'the order of fields',
    only(twoSteps('', '').replaceAll(/( description: 'd',)( inputs: [^}]+\},)/g, 'XX')),
    [" description: 'd', inputs: { text: samples.txt },", " inputs: { text: samples.txt }, description: 'd',"],
    [],
  ),
  swap('other samples', only(twoSteps('', '').replaceAll("file: 'text'", "file: 'XX'")), ['text', 'a text'], []),
  swap(
    'the order of declarations',
    only(twoSteps('XX', 'console.log(A, B);')),
    ['const A = 1;\nconst B = 2;', 'const B = 2;\nconst A = 1;'],
    [],
  ),
];
