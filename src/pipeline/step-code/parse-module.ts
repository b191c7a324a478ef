import { stripTypeScriptTypes } from 'node:module';
import { type AnyNode, type Options, parse, type Program } from 'acorn';
import { analyze, type Reference, type Scope, type Variable } from 'eslint-scope';

/** What one `export` provides to importers. */
export type ExportSource =
  | { kind: 'variable'; variable: Variable }
  | { kind: 'node'; node: AnyNode }
  /** Re-exported from another module; `imported` is `*` for its namespace. */
  | { kind: 'from'; specifier: string; imported: string };

/** The syntax tree of a user's module, with its names resolved. Positions are those of the source file. */
export interface ParsedModule {
  path: string;
  program: Program;
  /** Items evaluated when the module is loaded, in order: declarators, declarations, statements. */
  items: readonly AnyNode[];
  /** By position of the identifier. */
  references: ReadonlyMap<number, Reference>;
  moduleScope: Scope;
  exports: ReadonlyMap<string, ExportSource>;
  /** Specifiers of `export * from`. */
  stars: readonly string[];
  /** Specifiers of all imports and re-exports, in order. */
  specifiers: readonly string[];
  /** Specifiers of imports without names, made for their side effects. */
  bareSpecifiers: readonly string[];
  /** Position of each line's first character. */
  lineStarts: readonly number[];
}

const OPTIONS: Options = { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true, ranges: true };

/**
 * Parses an ES module, or a script loaded for its side effects. `undefined` for CommonJS, JSON and syntax that the
 * parser does not support.
 */
export function parseModule(path: string, source: string): ParsedModule | undefined {
  if (path.endsWith('.json')) return undefined;
  const parsed = parseSource(path, source);
  const module = parsed && describe(path, parsed.code, parsed.program);
  return module && (isModule(module.program) || !isCommonJs(module)) ? module : undefined;
}

function isCommonJs({ path, references }: ParsedModule): boolean {
  if (/\.c[jt]s$/.test(path)) return true;
  const isOf = ({ resolved, identifier }: Reference) => !resolved && COMMON_JS.has(identifier.name);
  return references.values().some(isOf);
}

/** Names that CommonJS defines in its modules. */
const COMMON_JS = new Set(['require', 'module', 'exports']);

function parseSource(path: string, source: string): { code: string; program: Program } | undefined {
  try {
    const code = /\.[cm]?ts$/.test(path) ? withoutTypes(source) : source;
    return { code, program: parse(code, OPTIONS) };
  } catch {
    return undefined;
  }
}

/**
 * Types are replaced by blanks, which preserves positions. Node warns that this function is experimental; the warning
 * is not for users.
 */
function withoutTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isModule(program: Program): boolean {
  return program.body.some(({ type }) => type.startsWith('Import') || type.startsWith('Export'));
}

function describe(path: string, code: string, program: Program): ParsedModule {
  const scopes = analyze(program as never, { ecmaVersion: 2024, sourceType: 'module' });
  const moduleScope = scopes.scopes.find(({ type }) => type === 'module') as Scope;
  const references = new Map<number, Reference>();
  for (const scope of scopes.scopes)
    for (const reference of scope.references) references.set(startOf(reference.identifier), reference);
  const body = program.body as AnyNode[];
  const withSource = body.flatMap((node) => ('source' in node && node.source ? [node] : []));
  const valueOf = (node: AnyNode) => String((node as unknown as { source: { value: string } }).source.value);
  return {
    ...{ path, program, references, moduleScope },
    items: body.flatMap(itemsOf),
    exports: new Map(body.flatMap((node) => exportsOf(node, moduleScope))),
    stars: withSource.filter((node) => node.type === 'ExportAllDeclaration' && !node.exported).map(valueOf),
    specifiers: withSource.map(valueOf),
    bareSpecifiers: withSource
      .filter((node) => node.type === 'ImportDeclaration' && node.specifiers.length === 0)
      .map(valueOf),
    lineStarts: [0, ...[...code.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map((end) => end.index + end[0].length)],
  };
}

/** Start of an eslint-scope node, which is an acorn node. */
export function startOf(node: unknown): number {
  return (node as { start: number }).start;
}

function itemsOf(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return [];
    case 'ExportNamedDeclaration':
      return node.declaration ? itemsOf(node.declaration) : [];
    case 'ExportDefaultDeclaration':
      return [node.declaration as AnyNode];
    case 'VariableDeclaration':
      return node.declarations;
    default:
      return [node];
  }
}

function exportsOf(node: AnyNode, scope: Scope): [string, ExportSource][] {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return [['default', { kind: 'node', node: node.declaration as AnyNode }]];
    case 'ExportAllDeclaration':
      if (!node.exported) return [];
      return [[nameOf(node.exported), { kind: 'from', specifier: String(node.source.value), imported: '*' }]];
    case 'ExportNamedDeclaration': {
      const declared = scope.variables.filter((variable) => node.declaration && isWithin(variable, node.declaration));
      const named = node.specifiers.map(({ exported, local }): [string, ExportSource] => {
        if (node.source)
          return [nameOf(exported), { kind: 'from', specifier: String(node.source.value), imported: nameOf(local) }];
        return [nameOf(exported), { kind: 'variable', variable: scope.set.get(nameOf(local)) as Variable }];
      });
      return [...declared.map((variable) => [variable.name, { kind: 'variable', variable }] as const), ...named] as [
        string,
        ExportSource,
      ][];
    }
    default:
      return [];
  }
}

/** Name of an import or export, which may be a string literal. */
export function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as { value?: unknown }).value);
}

function isWithin(variable: Variable, node: AnyNode): boolean {
  return variable.identifiers.some((id) => startOf(id) >= node.start && startOf(id) < node.end);
}

/** The direct children of a node. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter((value): value is AnyNode => typeof (value as AnyNode | null)?.type === 'string');
}
