import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILT_IN } from '../../../pipelines/catalog.ts';

/** The images that come with this package: the parent of all, and those of the built-in pipelines. */
export const BUILT_IN_NAMES: readonly string[] = ['base', ...Object.values(BUILT_IN).flatMap(({ images }) => images)];

/** Where those lie, with Fetch & Run in `base`: beside the built program. */
export function builtInFolder(name: string): string {
  const candidates = ['./images', '../../../dist/images'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${candidates.join(' and ')} are missing from this installation`);
  return join(found, name);
}
