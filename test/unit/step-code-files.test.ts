import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { addFiles, workFolder } from '../fixtures/work-folder.ts';
import { type Files, tellCodes, twoSteps } from './step-code/pipeline-folders.ts';

/** Errors of pipelines that read undeclared files, by what they do. */
const UNDECLARED: Readonly<Record<string, [Files, string]>> = {
  'by a URL beside the module': [
    { 'pipeline.ts': twoSteps('', "console.log(new URL('./config.txt', import.meta.url));"), 'config.txt': '' },
    `Step one reads "./config.txt" without declaring it, so the file would be missing where the task runs | pipeline.ts:7:17 | Declare it in files: ['./config.txt'], and read files['./config.txt'] in run.`,
  ],
  'by a URL, in a constant': [
    {
      'pipeline.ts': twoSteps("const config = new URL('./config.txt', import.meta.url);", '', 'console.log(config);'),
      'config.txt': '',
    },
    `Step two reads "./config.txt" without declaring it, so the file would be missing where the task runs | pipeline.ts:2:16 | Declare it in files: ['./config.txt'], and read files['./config.txt'] in run.`,
  ],
  'by the folder of a helper module': [
    {
      'pipeline.ts': twoSteps("import { folder } from './lib/folder.ts';", 'console.log(folder());'),
      'lib/folder.ts': '// Where it lies.\nexport const folder = (): string => import.meta.dirname;\n',
    },
    `Step one reads a file beside its code without declaring it, so the file would be missing where the task runs | lib/folder.ts:2:37 | Declare it in files: ['./NAME'], and read files['./NAME'] in run.`,
  ],
  'from another folder, although one beside the pipeline is declared': [
    {
      'pipeline.ts': twoSteps("import { table } from './lib/table.ts';", 'console.log(table);', '', ['t.tsv']),
      't.tsv': '',
      'lib/table.ts': "export const table = new URL('./t.tsv', import.meta.url);\n",
      'lib/t.tsv': '',
    },
    `Step one reads "./lib/t.tsv" without declaring it, so the file would be missing where the task runs | lib/table.ts:1:22 | Declare it in files: ['./lib/t.tsv'], and read files['./lib/t.tsv'] in run.`,
  ],
  'relative to where the program was called': [
    { 'pipeline.ts': twoSteps("import { readFileSync } from 'node:fs';", "readFileSync('config.txt');") },
    `Step one reads "config.txt" without declaring it, so the file would be missing where the task runs | pipeline.ts:7:5 | Declare it in files: ['config.txt'], and read files['config.txt'] in run.`,
  ],
  'in a step with a version': [
    {
      'pipeline.ts': twoSteps('', 'console.log(import.meta.filename);').replace(
        "name: 'one',",
        "name: 'one', version: '1',",
      ),
    },
    `Step one reads a file beside its code without declaring it, so the file would be missing where the task runs | pipeline.ts:7:17 | Declare it in files: ['./NAME'], and read files['./NAME'] in run.`,
  ],
};

test('an undeclared read relative to the code is refused', () => {
  const told = tellCodes(Object.values(UNDECLARED).map(([files]) => files));
  expect(told).toEqual(Object.values(UNDECLARED).map(([, error]) => ({ errors: [error] })));
});

test('a read that no step reaches is ignored', () => {
  const [told] = tellCodes([
    { 'pipeline.ts': twoSteps('function where(): string { return import.meta.filename; }\nvoid where;', '') },
  ]);
  expect(Object.keys(told?.codes ?? {})).toEqual(['one', 'two']);
});

test('a declared file must exist, as a regular file beside the pipeline', () => {
  const declare = (name: string): Files => ({ 'pipeline.ts': twoSteps('', '', '', [name]), 'folder/a': '' });
  const told = tellCodes([declare('./gone.R'), declare('folder'), declare('/etc/hosts')]);
  const hint = 'pipeline.ts | Name regular files in files: […], by paths relative to the pipeline file.';
  expect(told.map(({ errors }) => errors)).toEqual([
    [`The file "./gone.R" of step one does not exist | ${hint}`],
    [`The file "folder" of step one is not a regular file | ${hint}`],
    [`The file "/etc/hosts" of step one is an absolute path | ${hint}`],
  ]);
});

test('the same files in another folder are the same code', () => {
  const files = {
    'pipeline.ts': twoSteps("import { a } from './lib/a.ts';", 'a();', '', ['./t.tsv']),
    'lib/a.ts': 'export const a = () => 1;\n',
    't.tsv': '1',
  };
  const [one, other] = tellCodes([files, files]);
  expect(Object.keys(one?.codes ?? {})).toEqual(['one', 'two']);
  expect(other).toEqual(one);
});

test('a pipeline behind a symbolic link, or in a folder behind one, is the same pipeline with the same files', () => {
  const folder = workFolder();
  addFiles(folder, {
    'real/pipeline.ts': twoSteps("import { a } from './lib/a.ts';", 'a();', '', ['./t.tsv']),
    'real/lib/a.ts': 'export const a = () => 1;\n',
    'real/t.tsv': '1',
    'alone/other.txt': '',
  });
  symlinkSync('real', join(folder, 'linked'));
  symlinkSync('../real/pipeline.ts', join(folder, 'alone/pipeline.ts'));
  // Each in a separate process: one process loads a file only once.
  const [real, ...links] = ['real', 'linked', 'alone'].map((name) => {
    const argv = [resolve(import.meta.dirname, '../fixtures/tell-codes.ts'), join(folder, name)];
    return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' })) as { codes?: object };
  });
  expect(Object.keys(real?.codes ?? {})).toEqual(['one', 'two']);
  expect(links).toEqual([real, real]);
});
