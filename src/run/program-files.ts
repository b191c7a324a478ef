import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** This program's files: built, where everything lies in one folder, or from source. */
function programFile(built: string, source: string): string {
  const paths = [built, source].map((file) => fileURLToPath(new URL(file, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? built;
}

/** The runner's main file. */
export function runnerModule(): string {
  return programFile('./runner.js', '../runner/main.ts');
}

export function programVersion(): string {
  const file = programFile('../package.json', '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
