import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import fusion from '../../../pipelines/fusion/fusion.ts';

const ROOM = join(import.meta.dirname, '../../../pipelines/fusion');

/**
 * The fusion steps' versions identify their code: finished samples rerun only if a version changes. So this fails
 * whenever the code of a step has changed. If its results may differ, raise the step's `version`; then, or if they
 * cannot differ, record the new state with `vitest run -u`.
 */
test('the code of a fusion step does not change unnoticed', async () => {
  const states = fusion.steps.map(({ name, version }) => `${name} ${version} ${digest(join(ROOM, `${name}.ts`))}`);
  await expect(`${states.join('\n')}\n`).toMatchFileSnapshot('step-versions.txt');
});

/** Of a module and everything of the pipeline that it imports, but for other steps, which have versions of their own. */
function digest(module: string): string {
  const hash = createHash('sha256');
  const steps = new Set(fusion.steps.map(({ name }) => join(ROOM, `${name}.ts`)));
  const seen = new Set<string>();
  const add = (path: string): void => {
    if (seen.has(path) || (steps.has(path) && path !== module)) return;
    seen.add(path);
    const source = readFileSync(path, 'utf8');
    hash.update(relative(ROOM, path)).update(withoutComments(source));
    for (const [, target = ''] of source.matchAll(/from '(\.[^']+)'/g)) {
      const imported = join(dirname(path), target);
      if (imported.startsWith(ROOM)) add(imported);
    }
  };
  add(module);
  return hash.digest('hex').slice(0, 16);
}

/** Comments and layout change no result. */
function withoutComments(source: string): string {
  return source.replace(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').replace(/\s+/g, ' ');
}
