import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { workFolder } from '../fixtures/work-folder.ts';
import { twoSteps } from './step-code/pipeline-folders.ts';

test('what was found is kept for as long as nothing that it was found in changes', () => {
  const [folder, cache] = [workFolder(), workFolder()];
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const notes = (): string[] => globSync('**/step-codes/*.json', { cwd: cache });
  const told = (): unknown => {
    const argv = [resolve(import.meta.dirname, '../fixtures/tell-codes.ts'), folder];
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8', env }));
  };
  write('pipeline.ts', twoSteps("import { a } from 'dep';", "console.log(a); await import('./later.ts');"));
  write('later.ts', 'export const b = 1;\n');
  write('node_modules/dep/package.json', '{ "name": "dep", "version": "1.0.0", "exports": "./index.mjs" }');
  write('node_modules/dep/index.mjs', 'export const a = 1;\n');
  const found = [told()];
  expect(notes()).toHaveLength(1);
  expect(told()).toEqual(found[0]);

  write('node_modules/dep/package.json', '{ "name": "dep", "version": "1.0.1", "exports": "./index.mjs" }');
  found.push(told());
  write('later.ts', 'export const b = 2;\n');
  found.push(told());
  write('pipeline.ts', twoSteps("import { a } from 'dep';", "console.log(a, a); await import('./later.ts');"));
  found.push(told());
  expect(new Set(found.map((codes) => JSON.stringify(codes))).size).toBe(4);

  for (const note of notes()) writeFileSync(join(cache, note), '{ "cut');
  expect(told()).toEqual(found.at(-1));
});
