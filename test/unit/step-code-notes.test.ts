import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { workFolder } from '../fixtures/work-folder.ts';
import { twoSteps } from './step-code/pipeline-folders.ts';

interface Workplace {
  write(file: string, text: string): void;
  told(): unknown;
  /** The notes that have been kept, by absolute paths. */
  notes(): string[];
}

function workplace(): Workplace {
  const [folder, cache] = [workFolder(), workFolder()];
  return {
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    told() {
      const argv = [resolve(import.meta.dirname, '../fixtures/tell-codes.ts'), folder];
      const env = { ...process.env, NODE_COMPILE_CACHE: cache };
      return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8', env }));
    },
    notes: () => globSync('**/step-codes/*.json', { cwd: cache }).map((name) => join(cache, name)),
  };
}

test('an analysis is kept as long as none of its sources change', () => {
  const { write, told, notes } = workplace();
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

  for (const note of notes()) writeFileSync(note, '{ "cut');
  expect(told()).toEqual(found.at(-1));
});

test('an analysis is not kept when an import resolves to another file', () => {
  const { write, told } = workplace();
  const head =
    "import { f } from '#lib';\nimport { f as a } from './a.ts';\nimport { f as b } from './b.ts';\nvoid a, b;";
  write('pipeline.ts', twoSteps(head, 'f();'));
  write('a.ts', 'export const f = () => 1;\n');
  write('b.ts', 'export const f = () => 2;\n');
  const found = ['./a.ts', './b.ts'].map((target) => {
    write('package.json', JSON.stringify({ type: 'module', imports: { '#lib': target } }));
    return told() as { codes: Record<string, string> };
  });
  expect(found[1]?.codes['two']).toBe(found[0]?.codes['two']);
  expect(found[1]?.codes['one']).not.toBe(found[0]?.codes['one']);
});
