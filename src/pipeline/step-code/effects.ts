import type { AnyNode } from 'acorn';
import type { Variable } from 'eslint-scope';
import { bindingOf, importOf } from './bindings.ts';
import { isParsed, type ModuleGraph } from './module-graph.ts';
import { childrenOf, type ParsedModule, startOf } from './parse-module.ts';

/** What loading one item of a module does besides giving names to values. */
export interface Effect {
  module?: ParsedModule;
  node?: AnyNode;
  /** Top-level variables, after all imports, whose values it may change. */
  variables: ReadonlySet<Variable>;
  /** It may change what belongs to no module of the user's: `process.env.LC_ALL = 'C'`. */
  world: boolean;
  /** A package that is imported for what it does. */
  bare?: string;
}

/** Methods of arrays, maps, sets, strings and expressions that leave their object as it is. */
const PURE_METHODS = new Set(
  `at concat endsWith entries every filter find findIndex findLast findLastIndex flat flatMap get has includes indexOf
  join keys map match matchAll padEnd padStart reduce reduceRight repeat replace replaceAll slice some split startsWith
  test toFixed toLowerCase toReversed toSorted toSpliced toString toUpperCase trim values with`.split(/\s+/),
);

/** Globals whose functions change nothing but their arguments. */
const PURE_GLOBALS = new Set(
  `Array BigInt Boolean Date Error JSON Map Math Number Object Promise RegExp Set String Symbol URL WeakMap WeakSet console
  structuredClone parseInt parseFloat`.split(/\s+/),
);

/** Functions of `Object` and `Reflect` that change what they are given. */
const CHANGES_ARGUMENT = /^(assign|define|set|delete|seal|freeze|preventExtensions)/;

/** Nodes through which a value goes unchanged. */
const HOLDS_VALUES =
  /Pattern$|^(Array|Object|Conditional|Logical|Assignment|Await|Sequence)Expression$|^Property$|^(Spread|Rest)Element$/;

/** The effects of loading a pipeline's modules, in the order of the imports. */
export function effectsOf(graph: ModuleGraph): Effect[] {
  return graph
    .all()
    .filter(isParsed)
    .flatMap((module): Effect[] => [
      ...module.bareSpecifiers.flatMap((specifier) => {
        const target = graph.imported(module, specifier);
        return target.kind === 'package' ? [{ variables: new Set<Variable>(), world: false, bare: target.text }] : [];
      }),
      ...module.items.map((node) => ({ module, node, ...itemEffect(graph, module, node) })),
    ]);
}

interface Found {
  variables: Set<Variable>;
  world: boolean;
}

function itemEffect(graph: ModuleGraph, module: ParsedModule, item: AnyNode): Found {
  const found: Found = { variables: new Set(), world: false };
  const isStatement = item.type.endsWith('Statement');
  if (item.type === 'FunctionDeclaration') return found;
  const evaluated = item.type === 'VariableDeclarator' ? item.init : item;
  if (evaluated) new Walker(graph, found, isStatement).walk(module, evaluated);
  return found;
}

type Call = AnyNode & { type: 'CallExpression' | 'NewExpression' | 'TaggedTemplateExpression' };

/** Walks code that may run when a module is loaded: nested functions too, except those that `define…` is given. */
class Walker {
  readonly #followed = new Set<AnyNode>();
  readonly #graph: ModuleGraph;
  readonly #found: Found;
  readonly #isStatement: boolean;

  constructor(graph: ModuleGraph, found: Found, isStatement: boolean) {
    this.#graph = graph;
    this.#found = found;
    this.#isStatement = isStatement;
  }

  walk(module: ParsedModule, node: AnyNode): void {
    switch (node.type) {
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        // By itself it does nothing; whoever may call it walks its body.
        return;
      case 'AssignmentExpression':
        this.#change(module, node.left, false);
        return this.#walkAll(module, childrenOf(node));
      case 'UpdateExpression':
        return this.#change(module, node.argument, false);
      case 'UnaryExpression':
        if (node.operator === 'delete') this.#change(module, node.argument, false);
        return this.walk(module, node.argument);
      case 'ForInStatement':
      case 'ForOfStatement':
        this.#change(module, node.right, true);
        return this.#walkAll(module, childrenOf(node));
      case 'CallExpression':
      case 'NewExpression':
      case 'TaggedTemplateExpression':
        return this.#walkCall(module, node);
      case 'Identifier':
        return this.#follow(module, node);
      default:
        return this.#walkAll(module, childrenOf(node));
    }
  }

  #walkAll(module: ParsedModule, nodes: readonly AnyNode[]): void {
    for (const node of nodes) this.walk(module, node);
  }

  #walkCall(module: ParsedModule, node: Call): void {
    const callee = (node.type === 'TaggedTemplateExpression' ? node.tag : node.callee) as AnyNode;
    const given = (node.type === 'TaggedTemplateExpression' ? node.quasi.expressions : node.arguments) as AnyNode[];
    const root = rootOf(callee);
    const variable = root && module.references.get(root.start)?.resolved;
    if (importOf(variable)?.specifier === 'batch-pipeline') return this.#walkAll(module, [callee, ...given]);
    const isPureGlobal = root && !variable && PURE_GLOBALS.has(root.name);
    const isAssign = isPureGlobal && CHANGES_ARGUMENT.test(lastName(callee));
    const isPure = isPureGlobal && !isAssign;
    if (isAssign && given[0]) this.#change(module, given[0], false);
    if (root && !variable && this.#isStatement && !isPureGlobal) this.#found.world = true;
    if (callee.type === 'Identifier' && variable && isOfPackage(this.#graph, module, variable))
      this.#found.world ||= this.#isStatement;
    if (callee.type === 'MemberExpression' && !isPure && !PURE_METHODS.has(lastName(callee)))
      this.#change(module, callee.object as AnyNode, true);
    this.#runBody(module, callee);
    this.walk(module, callee);
    const called = callee.type === 'Identifier' && variable ? calledFunction(this.#graph, module, variable) : undefined;
    for (const [i, value] of given.entries()) {
      if (isPure || (called && !this.#mayChange(called, i))) this.#walkGiven(module, value);
      else this.#hand(module, value);
    }
  }

  /** Whether a function, whose body has been walked, may change what it is given as its n-th argument. */
  #mayChange({ params }: FunctionNode, n: number): boolean {
    const param = params[n];
    if (param?.type !== 'Identifier') return true;
    return [...this.#found.variables].some(({ identifiers }) => identifiers.some((id) => startOf(id) === param.start));
  }

  #walkGiven(module: ParsedModule, value: AnyNode): void {
    this.#runBody(module, value);
    this.walk(module, value);
  }

  /** A value is given to code that may change it, or call it. */
  #hand(module: ParsedModule, value: AnyNode): void {
    switch (value.type) {
      case 'ArrayExpression':
      case 'ObjectExpression':
      case 'Property':
        for (const child of childrenOf(value)) this.#hand(module, child);
        return;
      case 'Identifier':
      case 'MemberExpression':
        this.#change(module, value, true);
        return this.#follow(module, value);
      default:
        return this.#walkGiven(module, value);
    }
  }

  #runBody(module: ParsedModule, node: AnyNode): void {
    if (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression')
      this.#walkAll(module, childrenOf(node));
  }

  /** A function or class of the user's that is named may be called. */
  #follow(module: ParsedModule, node: AnyNode): void {
    const variable = module.references.get(node.start)?.resolved;
    if (!variable) return;
    const isLocal = variable.scope !== module.moduleScope;
    const binding = isLocal
      ? { kind: 'variable' as const, module, variable }
      : bindingOf(this.#graph, module, variable);
    const body = binding.kind === 'variable' ? functionOf(binding.variable) : undefined;
    if (binding.kind !== 'variable' || !body || this.#followed.has(body)) return;
    this.#followed.add(body);
    for (const part of body.type.startsWith('Class') ? methodsOf(body) : [body])
      this.#walkAll(binding.module, childrenOf(part));
  }

  /** The value that `node` belongs to changes, or, if `softly`, may change as far as values of its kind can. */
  #change(module: ParsedModule, node: AnyNode, softly: boolean): void {
    const root = rootOf(node);
    if (!root) {
      if (!HOLDS_VALUES.test(node.type)) return;
      for (const child of childrenOf(node)) this.#change(module, child, softly);
      return;
    }
    const reference = module.references.get(root.start);
    const variable = reference?.resolved;
    if (!variable) {
      this.#found.world ||= reference !== undefined && !softly;
      return;
    }
    const alias = aliasOf(variable);
    if (alias && alias !== root) this.#change(module, alias, softly);
    const isLocal = variable.scope !== module.moduleScope;
    const binding = isLocal ? { kind: 'variable' as const, variable } : bindingOf(this.#graph, module, variable);
    if (binding.kind === 'variable' && !(softly && isFixed(binding.variable)))
      this.#found.variables.add(binding.variable);
    if (binding.kind === 'package') this.#found.world ||= !softly || this.#isStatement;
  }
}

/** The variable at the bottom of `a.b[c].d()`. */
function rootOf(node: AnyNode): (AnyNode & { type: 'Identifier' }) | undefined {
  switch (node.type) {
    case 'Identifier':
      return node;
    case 'MemberExpression':
      return rootOf(node.object as AnyNode);
    case 'ChainExpression':
      return rootOf(node.expression);
    case 'CallExpression':
      return rootOf(node.callee as AnyNode);
    default:
      return undefined;
  }
}

/** `c` of `a.b.c`, and of `c`. */
function lastName(callee: AnyNode): string {
  if (callee.type === 'Identifier') return callee.name;
  const isPlain = callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier';
  return isPlain ? (callee.property as AnyNode & { type: 'Identifier' }).name : '';
}

type FunctionNode = AnyNode & { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' };

function calledFunction(graph: ModuleGraph, module: ParsedModule, variable: Variable): FunctionNode | undefined {
  const isLocal = variable.scope !== module.moduleScope;
  const binding = isLocal ? { kind: 'variable' as const, variable } : bindingOf(graph, module, variable);
  const found = binding.kind === 'variable' ? functionOf(binding.variable) : undefined;
  return found && 'params' in found ? (found as FunctionNode) : undefined;
}

function isOfPackage(graph: ModuleGraph, module: ParsedModule, variable: Variable): boolean {
  return variable.scope === module.moduleScope && bindingOf(graph, module, variable).kind === 'package';
}

/** Everything of a class that may be called. */
function methodsOf(node: AnyNode): AnyNode[] {
  return childrenOf(node).flatMap((part) => {
    if (part.type === 'ClassBody' || part.type === 'MethodDefinition') return methodsOf(part);
    return [part];
  });
}

/** `a` of `const b = a.c`. */
function aliasOf(variable: Variable): AnyNode | undefined {
  const init = initOf(variable);
  return init?.type === 'Identifier' || init?.type === 'MemberExpression' ? rootOf(init) : undefined;
}

function initOf(variable: Variable): AnyNode | undefined {
  const node = variable.defs[0]?.node as unknown as AnyNode | undefined;
  return node?.type === 'VariableDeclarator' ? (node.init ?? undefined) : undefined;
}

function functionOf(variable: Variable): AnyNode | undefined {
  const node = variable.defs[0]?.node as unknown as AnyNode | undefined;
  if (node?.type === 'FunctionDeclaration' || node?.type === 'ClassDeclaration') return node;
  const init = initOf(variable);
  return init?.type.endsWith('FunctionExpression') || init?.type === 'ClassExpression' ? init : undefined;
}

/** A number or string cannot be changed by whoever is given it; a function is not, as a rule. */
function isFixed(variable: Variable): boolean {
  if (functionOf(variable)) return true;
  const init = initOf(variable);
  const isConst = (variable.defs[0]?.parent as { kind?: string } | undefined)?.kind === 'const';
  return isConst && init !== undefined && isPrimitive(init);
}

function isPrimitive(node: AnyNode): boolean {
  return (
    ['Literal', 'TemplateLiteral', 'UnaryExpression', 'BinaryExpression'].includes(node.type) &&
    !(node.type === 'Literal' && node.regex)
  );
}
