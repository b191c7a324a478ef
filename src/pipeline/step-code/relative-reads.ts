import type { AnyNode } from 'acorn';
import { dirname, isAbsolute, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PipelineError } from '../../errors.ts';
import { importOf } from './bindings.ts';
import type { ModuleGraph } from './module-graph.ts';
import type { ParsedModule } from './parse-module.ts';

/** A place where code locates files relative to itself or to the working directory. */
export interface RelativeRead {
  /** `path:line:column`. */
  where: string;
  /** The path as the step would declare it, if it is a literal. */
  name: string | undefined;
  /** Absolute path for a URL relative to the module: declared files keep their place relative to the code. */
  path: string | undefined;
}

/** Functions of `node:fs` that read the file named by their first argument. */
const READS = /^(read|createRead|open|exists|l?stat|access|copyFile|cp$|cpSync)/;

/** The read that a node is, if it is one. */
export function relativeRead(graph: ModuleGraph, module: ParsedModule, node: AnyNode): RelativeRead | undefined {
  const found = (name?: string, path?: string): RelativeRead => ({ where: placeOf(module, node.start), name, path });
  switch (node.type) {
    case 'NewExpression': {
      const name = urlBeside(node);
      if (name === undefined) return undefined;
      const path = fileURLToPath(new URL(name, pathToFileURL(module.path)));
      const declared = relative(dirname(graph.entry.path), path);
      return found(declared.startsWith('.') ? declared : `./${declared}`, path);
    }
    case 'MetaProperty':
      return node.meta.name === 'import' ? found() : undefined;
    case 'Identifier':
      if (node.name !== '__dirname' && node.name !== '__filename') return undefined;
      return module.references.get(node.start)?.resolved === null ? found() : undefined;
    case 'CallExpression': {
      const name = fileRead(module, node);
      return name === undefined ? undefined : found(name);
    }
    default:
      return undefined;
  }
}

/** `./x` of `new URL('./x', import.meta.url)`. */
function urlBeside({ callee, arguments: [path, base] }: AnyNode & { type: 'NewExpression' }): string | undefined {
  if (callee.type !== 'Identifier' || callee.name !== 'URL' || path?.type !== 'Literal') return undefined;
  if (base?.type !== 'MemberExpression' || base.object.type !== 'MetaProperty') return undefined;
  return typeof path.value === 'string' && !/^[a-z][a-z0-9+.-]*:/i.test(path.value) ? path.value : undefined;
}

/** `x` of `readFileSync('x')`: relative to the working directory. */
function fileRead(module: ParsedModule, node: AnyNode & { type: 'CallExpression' }): string | undefined {
  const { callee } = node;
  const [path] = node.arguments;
  if (path?.type !== 'Literal' || typeof path.value !== 'string' || isAbsolute(path.value)) return undefined;
  const variable = callee.type === 'MemberExpression' ? callee.object : callee;
  if (variable.type !== 'Identifier') return undefined;
  const imported = importOf(module.references.get(variable.start)?.resolved);
  if (!imported || !/^(node:)?fs(\/promises)?$/.test(imported.specifier)) return undefined;
  const name = callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : '';
  return READS.test(name || imported.name) ? path.value : undefined;
}

function placeOf(module: ParsedModule, position: number): string {
  const line = module.lineStarts.findLastIndex((start) => start <= position);
  return `${module.path}:${line + 1}:${position - (module.lineStarts[line] ?? 0) + 1}`;
}

/** The error for reading an undeclared file. */
export function undeclaredRead(step: string, { name, where }: RelativeRead): PipelineError {
  const file = name === undefined ? 'a file beside its code' : `"${name}"`;
  const declared = name === undefined ? './NAME' : name;
  return new PipelineError({
    code: 'undeclared-file',
    message: `Step ${step} reads ${file} without declaring it, so the file would be missing where the task runs`,
    where,
    hint: `Declare it in files: ['${declared}'], and read files['${declared}'] in run.`,
  });
}
