import { globSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** File in dist/ with the hash of the sources it was built from. */
export const BUILT_FROM = '.built-from';

const SOURCES = [
  'src/**/*.{ts,yaml}',
  'pipelines/**/*.ts',
  'images/*/{Dockerfile,.dockerignore,bundle.ts}',
  'scripts/build.ts',
  'tsconfig*.json',
  'package-lock.json',
];

/** Hash of everything that goes into dist/. */
export function sourcesHash(root: string): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root })).toSorted())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}
