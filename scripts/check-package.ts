/**
 * Checks the package as users would install it: `node scripts/check-package.ts publint`, or `… attw` for its types.
 * dist/ must be built; packing does not rebuild it, since programs may be running from it.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const CHECKS: Readonly<Record<string, (tarball: string) => [string, ...string[]]>> = {
  publint: (tarball) => ['publint', 'run', '--strict', tarball],
  attw: (tarball) => ['attw', '--profile', 'esm-only', '--format', 'ascii', tarball],
};

const check = CHECKS[process.argv[2] ?? ''];
if (!check) throw new Error(`usage: check-package.ts ${Object.keys(CHECKS).join('|')}`);
const folder = mkdtempSync(join(tmpdir(), 'package-'));
try {
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [program, ...args] = check(join(folder, globSync('*.tgz', { cwd: folder })[0] ?? ''));
  execFileSync(program, args, { cwd: ROOT, stdio: 'inherit' });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
