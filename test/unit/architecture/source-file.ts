import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** One module of the project. */
export interface SourceFile {
  /** From the project's folder, with `/`: `src/plan/plan.ts`. */
  path: string;
  /** Without comments. */
  code: string;
  imports: readonly ImportedModule[];
}

export interface ImportedModule {
  /** A path from the project's folder, or a package's name as it was written. */
  module: string;
  typesOnly: boolean;
}

/** Every module below `src/` and `pipelines/`. */
export function readSourceFiles(root: string): SourceFile[] {
  return globSync('{src,pipelines}/**/*.ts', { cwd: root }).map((path) =>
    parseSourceFile(path, readFileSync(`${root}/${path}`, 'utf8')),
  );
}

/** A whole `import … from '…'` or `export … from '…'`, `import '…'`, and `import('…')`. */
const IMPORT = /^(?:import|export)\b([^;'"`]*?)\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;

export function parseSourceFile(path: string, text: string): SourceFile {
  // Comments of this code begin a line or follow a blank, and `://` in a text does neither.
  const code = text.replaceAll(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
  const imports = [...code.matchAll(IMPORT)].map(([, clause = '', from, bare, dynamic]) => ({
    module: resolved(path, from ?? bare ?? dynamic ?? ''),
    typesOnly: isTypesOnly(clause),
  }));
  return { path, code, imports };
}

function resolved(path: string, module: string): string {
  return module.startsWith('.') ? posix.join(posix.dirname(path), module) : module;
}

/** `import type { … }`, or `import { type …, type … }`. */
function isTypesOnly(clause: string): boolean {
  if (/^\s+type\b/.test(clause)) return true;
  const names = /^\s*\{([\s\S]*)\}\s*$/.exec(clause)?.[1];
  return (
    names
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean)
      .every((name) => name.startsWith('type ')) ?? false
  );
}
