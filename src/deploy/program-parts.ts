import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** This program's own files that it needs as files: built, where all lie in one folder, or from source. */
export function programPart(name: keyof typeof SOURCES): string {
  return existingFile(name === 'stack' ? './stack.yaml' : `./${name}.js`, SOURCES[name]);
}

/** The definition of a pipeline that comes with this package. */
export function builtInPart(name: string): string {
  return existingFile(`./builtin-${name}.js`, `../../pipelines/${name}/${name}.ts`);
}

function existingFile(...files: string[]): string {
  const candidates = files.map((file) => fileURLToPath(new URL(file, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${candidates.join(' and ')} are missing from this installation`);
  return found;
}

const SOURCES = {
  bundled: '../runner/bundled.ts',
  conductor: '../cli/conductor.ts',
  index: '../index.ts',
  stack: './stack/stack.yaml',
} as const;
