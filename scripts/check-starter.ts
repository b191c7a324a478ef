/** Compiles what `batch-pipeline init` writes, as strictly as this project compiles itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { starterFiles } from '../src/cli/starter-files.ts';

const ROOT = resolve(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

mkdirSync(join(ROOT, '.cache'), { recursive: true });
// Inside the project, where TypeScript finds its settings and types.
const folder = mkdtempSync(join(ROOT, '.cache/starter-'));
try {
  for (const [file, text] of Object.entries({ ...starterFiles('0.0.0'), 'tsconfig.json': settings() })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  execFileSync(process.execPath, [TSC, '-p', folder], { stdio: 'inherit' });
} catch {
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function settings(): string {
  return JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include: ['**/*.ts'], exclude: [] });
}
