/** Builds dist/ if it is older than the sources. No concurrent build is expected. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BUILT_FROM, sourcesHash } from './sources-hash.ts';

const ROOT = resolve(import.meta.dirname, '..');

export function ensureBuilt(): void {
  const mark = join(ROOT, 'dist', BUILT_FROM);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sourcesHash(ROOT)) return;
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { cwd: ROOT, stdio: 'inherit' });
}

if (import.meta.main) ensureBuilt();
