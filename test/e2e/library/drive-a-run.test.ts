import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram } from '../../fixtures/cli.ts';
import { workFolder } from '../../fixtures/work-folder.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A folder in which the built package is installed, with the examples. */
function project(): string {
  const cwd = workFolder();
  const installed = join(cwd, 'node_modules/batch-pipeline');
  mkdirSync(installed, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  symlinkSync(join(ROOT, 'dist'), join(installed, 'dist'));
  cpSync(join(ROOT, 'examples'), join(cwd, 'examples'), { recursive: true });
  return cwd;
}

test('a program plans, starts, cancels, retries and watches a run, as docs/library.md shows', async () => {
  const cwd = project();
  const docs = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
  const [, command = '', shown = ''] = /```console\n\$ node (.*)\n([\s\S]*?)```/.exec(docs) ?? [];
  const result = await startProgram(process.execPath, command.split(' '), { cwd }).over;
  expect(result).toEqual({ code: 0, stdout: shown, stderr: '' });
});

/** Prints which modules of the package were loaded by importing it, and then by opening a store. */
const LOADED = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
const { openWorkspace } = await import('batch-pipeline');
const imported = loaded.length;
await openWorkspace({ store: './store', environment: {} });
console.log(JSON.stringify({ imported: loaded.slice(0, imported), called: loaded.slice(imported) }));
`;

test('a pipeline file that imports the package loads neither the verbs nor an SDK', async () => {
  const cwd = project();
  writeFileSync(join(cwd, 'loaded.mjs'), LOADED);
  const { code, stdout, stderr } = await startProgram(process.execPath, ['loaded.mjs'], { cwd }).over;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { imported, called } = JSON.parse(stdout) as { imported: string[]; called: string[] };
  const isLibrary = (url: string) => url.endsWith('/library.js');
  expect(imported.filter((url) => isLibrary(url) || holdsSdk(url))).toEqual([]);
  expect(called.filter(isLibrary)).toHaveLength(1);
  expect(called.filter(holdsSdk)).toEqual([]);
});

function holdsSdk(url: string): boolean {
  return url.startsWith('file:') && readFileSync(new URL(url), 'utf8').includes('class S3Client');
}
