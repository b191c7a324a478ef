import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** This program's own files that it needs as files: built, where all lie in one folder, or from source. */
export function programPart(name: keyof typeof SOURCES): string {
  const built = name === 'stack' ? './stack.yaml' : `./${name}.js`;
  const candidates = [built, SOURCES[name]].map((file) => fileURLToPath(new URL(file, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${candidates.join(' and ')} are missing from this installation`);
  return found;
}

const SOURCES = {
  bundled: '../runner/bundled.ts',
  conductor: '../cli/conductor.ts',
  index: '../index.ts',
  'builtin-fusion': '../../pipelines/fusion/fusion.ts',
  stack: './stack/stack.yaml',
} as const;
