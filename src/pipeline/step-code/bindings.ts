import type { AnyNode } from 'acorn';
import type { Variable } from 'eslint-scope';
import { isParsed, type Module, type ModuleGraph } from './module-graph.ts';
import { nameOf, type ParsedModule } from './parse-module.ts';

/** What a name in a module finally refers to, after all imports and re-exports. */
export type Binding =
  | { kind: 'variable'; module: ParsedModule; variable: Variable }
  /** An `export default` of an expression. */
  | { kind: 'node'; module: ParsedModule; node: AnyNode }
  /** A whole module, or a name in a module that is not analysed. */
  | { kind: 'module'; module: Module; name: string }
  | { kind: 'package'; text: string; name: string };

/** Resolves a top-level variable of a module. */
export function bindingOf(graph: ModuleGraph, module: ParsedModule, variable: Variable): Binding {
  const imported = importOf(variable);
  return imported ? exportOf(graph, module, imported.specifier, imported.name) : { kind: 'variable', module, variable };
}

/** What the root name of `a.b[c].d()` refers to, or `helpers.count` if `helpers` is a module namespace. */
export function boundTo(graph: ModuleGraph, module: ParsedModule, node: AnyNode): Binding | undefined {
  switch (node.type) {
    case 'Identifier': {
      const variable = module.references.get(node.start)?.resolved;
      if (!variable) return undefined;
      const isLocal = variable.scope !== module.moduleScope;
      return isLocal ? { kind: 'variable', module, variable } : named(graph, bindingOf(graph, module, variable));
    }
    case 'MemberExpression': {
      const member = namespaceMember(graph, module, node);
      return member ? named(graph, member) : boundTo(graph, module, node.object as AnyNode);
    }
    case 'ChainExpression':
      return boundTo(graph, module, node.expression);
    case 'CallExpression':
      return boundTo(graph, module, node.callee as AnyNode);
    default:
      return undefined;
  }
}

/** `a` of `export default a`. */
function named(graph: ModuleGraph, binding: Binding): Binding {
  if (binding.kind !== 'node' || binding.node.type !== 'Identifier') return binding;
  return boundTo(graph, binding.module, binding.node) ?? binding;
}

/** `helpers.count`, where `helpers` is a module namespace. */
export function namespaceMember(graph: ModuleGraph, module: ParsedModule, node: AnyNode): Binding | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.object.type !== 'Identifier') return undefined;
  const imported = importOf(module.references.get(node.object.start)?.resolved);
  if (imported?.name !== '*') return undefined;
  return exportOf(graph, module, imported.specifier, nameOf(node.property as AnyNode));
}

/** The specifier and name that an imported variable comes from. */
export function importOf(variable: Variable | null | undefined): { specifier: string; name: string } | undefined {
  const definition = variable?.defs[0];
  if (definition?.type !== 'ImportBinding') return undefined;
  const specifier = String((definition.parent as { source: { value: unknown } }).source.value);
  const node = definition.node as unknown as AnyNode;
  if (node.type === 'ImportSpecifier') return { specifier, name: nameOf(node.imported) };
  return { specifier, name: node.type === 'ImportNamespaceSpecifier' ? '*' : 'default' };
}

/** What `name` of `specifier` refers to, imported by `from`. */
function exportOf(graph: ModuleGraph, from: Module, specifier: string, name: string): Binding {
  const target = graph.imported(from, specifier);
  if (target.kind === 'package') return { kind: 'package', text: target.text, name };
  return find(graph, target.module, name, new Set()) ?? { kind: 'module', module: target.module, name };
}

function find(graph: ModuleGraph, module: Module, name: string, seen: Set<Module>): Binding | undefined {
  if (!isParsed(module) || name === '*' || seen.has(module)) return undefined;
  seen.add(module);
  const source = module.exports.get(name);
  switch (source?.kind) {
    case 'variable':
      return bindingOf(graph, module, source.variable);
    case 'node':
      return { kind: 'node', module, node: source.node };
    case 'from':
      return exportOf(graph, module, source.specifier, source.imported);
    case undefined:
      return findInStars(graph, module, name, seen);
  }
}

function findInStars(graph: ModuleGraph, module: ParsedModule, name: string, seen: Set<Module>): Binding | undefined {
  for (const specifier of module.stars) {
    const target = graph.imported(module, specifier);
    const found = target.kind === 'module' ? find(graph, target.module, name, seen) : undefined;
    if (found) return found;
  }
  return undefined;
}
