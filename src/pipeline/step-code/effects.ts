import type { AnyNode } from 'acorn';
import type { Variable } from 'eslint-scope';
import { type Binding, boundTo, importOf, namespaceMember } from './bindings.ts';
import {
  aliasOf,
  bodiesOf,
  type FunctionNode,
  functionOf,
  isFixed,
  isFunction,
  lastName,
  rootOf,
} from './declared-values.ts';
import { isParsed, type Module, type ModuleGraph } from './module-graph.ts';
import { childrenOf, type ParsedModule, startOf } from './parse-module.ts';

/** Side effects of evaluating one item of a module, besides binding names to values. */
export interface Effect {
  module?: ParsedModule;
  node?: AnyNode;
  /** Top-level variables, with imports resolved, whose values it may change. */
  variables: ReadonlySet<Variable>;
  /** Default-exported expressions, and modules that are not analysed, whose values it may change. */
  values: ReadonlySet<AnyNode | Module>;
  /** It may change something outside the user's modules: `process.env.LC_ALL = 'C'`. */
  world: boolean;
  /** A package, or a module that is not analysed, imported for its side effects. */
  bare?: string | Module;
}

/** Methods of arrays, maps, sets, strings and regular expressions that do not change their object. */
const PURE_METHODS = new Set(
  `at concat endsWith entries every filter find findIndex findLast findLastIndex flat flatMap get has includes indexOf
  join keys map match matchAll padEnd padStart reduce reduceRight repeat replace replaceAll slice some split startsWith
  test toFixed toLowerCase toReversed toSorted toSpliced toString toUpperCase trim values with`.split(/\s+/),
);

/** Globals whose functions change at most their arguments. */
const PURE_GLOBALS = new Set(
  `Array BigInt Boolean Date Error JSON Map Math Number Object Promise RegExp Set String Symbol URL WeakMap WeakSet console
  structuredClone parseInt parseFloat`.split(/\s+/),
);

/** Functions of `Object` and `Reflect` that change their argument. */
const CHANGES_ARGUMENT = /^(assign|define|set|delete|seal|freeze|preventExtensions)/;

/** Nodes that pass a value through unchanged. */
const HOLDS_VALUES =
  /Pattern$|^(Array|Object|Conditional|Logical|Assignment|Await|Sequence)Expression$|^Property$|^(Spread|Rest)Element$/;

/** The effects of loading a pipeline's modules, in the order of the imports. */
export function effectsOf(graph: ModuleGraph): Effect[] {
  return graph
    .all()
    .filter(isParsed)
    .flatMap((module): Effect[] => [
      ...module.bareSpecifiers.flatMap((specifier): Effect[] => {
        const target = graph.imported(module, specifier);
        if (target.kind === 'package') return [{ ...nothing(), bare: target.text }];
        return isParsed(target.module) || isJson(target.module) ? [] : [{ ...nothing(), bare: target.module }];
      }),
      ...module.items.map((node) => ({ module, node, ...itemEffect(graph, module, node) })),
    ]);
}

interface Found {
  variables: Set<Variable>;
  values: Set<AnyNode | Module>;
  world: boolean;
}

function nothing(): Found {
  return { variables: new Set(), values: new Set(), world: false };
}

function isJson({ path }: Module): boolean {
  return path.endsWith('.json');
}

function itemEffect(graph: ModuleGraph, module: ParsedModule, item: AnyNode): Found {
  const found = nothing();
  const isStatement = item.type.endsWith('Statement');
  if (item.type === 'FunctionDeclaration') return found;
  const evaluated = item.type === 'VariableDeclarator' ? item.init : item;
  if (evaluated) new Walker(graph, found, isStatement).walk(module, evaluated);
  return found;
}

type Call = AnyNode & { type: 'CallExpression' | 'NewExpression' | 'TaggedTemplateExpression' };

/** Walks code that may run when a module is loaded: nested functions too, except those passed to `define…`. */
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
        // A function has no effect by itself; its body is walked where it may be called.
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
      case 'MemberExpression':
        if (namespaceMember(this.#graph, module, node)) return this.#follow(module, node);
        return this.#walkAll(module, childrenOf(node));
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
    const isGlobal = root && !variable && PURE_GLOBALS.has(root.name);
    const isPureGlobal = isGlobal && callsIn(callee).length === 0;
    const isAssign = isPureGlobal && CHANGES_ARGUMENT.test(lastName(callee));
    const isPure = isPureGlobal && !isAssign;
    if (isAssign && given[0]) this.#change(module, given[0], false);
    if (root && !variable && this.#isStatement && !isGlobal) this.#found.world = true;
    const isMember = namespaceMember(this.#graph, module, callee) !== undefined;
    const named = callee.type === 'Identifier' || isMember ? boundTo(this.#graph, module, callee) : undefined;
    if (named && this.#isStatement && isUnknown(named)) this.#found.world = true;
    this.#runBody(module, callee);
    this.walk(module, callee);
    const called = named && calledFunction(named);
    for (const [i, value] of given.entries()) {
      if (isPure || (called && !this.#mayChange(called, i))) this.#walkGiven(module, value);
      else this.#hand(module, value);
    }
    if (callee.type !== 'MemberExpression' || isMember || isPure) return;
    if (!PURE_METHODS.has(lastName(callee)) || this.#changesElements(module, lastName(callee), given))
      this.#change(module, callee.object as AnyNode, true);
  }

  /** Whether the callback of a pure method, already walked, may change the elements it receives. */
  #changesElements(module: ParsedModule, method: string, [given, start]: readonly AnyNode[]): boolean {
    const named = given?.type === 'Identifier' ? boundTo(this.#graph, module, given) : undefined;
    const callback = given && isFunction(given) ? given : named && calledFunction(named);
    // The first argument of a reducer is not an element if there is a value to start with.
    const elements = callback?.params.slice(method.startsWith('reduce') && start ? 1 : 0) ?? [];
    return [...this.#found.variables].some(({ identifiers }) =>
      identifiers.some((id) => elements.some((param) => param.start <= startOf(id) && startOf(id) < param.end)),
    );
  }

  /** Whether a function, whose body has been walked, may change its n-th argument. */
  #mayChange({ params }: FunctionNode, n: number): boolean {
    const param = params[n];
    if (param?.type !== 'Identifier') return true;
    return [...this.#found.variables].some(({ identifiers }) => identifiers.some((id) => startOf(id) === param.start));
  }

  #walkGiven(module: ParsedModule, value: AnyNode): void {
    this.#runBody(module, value);
    this.walk(module, value);
  }

  /** A value is passed to code that may change or call it. */
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

  /** A function or class of the user that is named here may be called. */
  #follow(module: ParsedModule, node: AnyNode): void {
    const binding = boundTo(this.#graph, module, node);
    if (binding?.kind !== 'variable' && binding?.kind !== 'node') return;
    for (const body of bodiesOf(binding.kind === 'variable' ? binding.variable : binding.node)) {
      if (this.#followed.has(body)) continue;
      this.#followed.add(body);
      this.#walkAll(binding.module, childrenOf(body));
    }
  }

  /** Notes that the value that `node` belongs to changes or, if `softly`, may change if values of its kind can. */
  #change(module: ParsedModule, node: AnyNode, softly: boolean): void {
    const root = rootOf(node);
    if (!root) {
      if (!HOLDS_VALUES.test(node.type)) return;
      for (const child of childrenOf(node)) this.#change(module, child, softly);
      return;
    }
    for (const value of callsIn(node).flatMap((call) => call.arguments)) this.#change(module, value, true);
    const reference = module.references.get(root.start);
    const variable = reference?.resolved;
    if (!variable) {
      this.#found.world ||= reference !== undefined && !softly;
      return;
    }
    const alias = aliasOf(variable);
    if (alias && alias !== root) this.#change(module, alias, softly);
    const binding = boundTo(this.#graph, module, node);
    if (binding) this.#changeBound(binding, softly);
  }

  #changeBound(binding: Binding, softly: boolean): void {
    const isAny = !softly || this.#isStatement;
    switch (binding.kind) {
      case 'variable':
        if (!(softly && isFixed(binding.variable))) this.#found.variables.add(binding.variable);
        return;
      case 'node':
        if (!(softly && isFixed(binding.node))) this.#found.values.add(binding.node);
        return;
      case 'module':
        this.#found.values.add(binding.module);
        // Its functions may change anything.
        this.#found.world ||= isAny && !isJson(binding.module);
        return;
      case 'package':
        this.#found.world ||= isAny;
    }
  }
}

/** The calls in `a.b().c()`. */
function callsIn(node: AnyNode): (AnyNode & { type: 'CallExpression' })[] {
  switch (node.type) {
    case 'CallExpression':
      return [...callsIn(node.callee as AnyNode), node];
    case 'MemberExpression':
      return callsIn(node.object as AnyNode);
    case 'ChainExpression':
      return callsIn(node.expression);
    default:
      return [];
  }
}

/** The function that a name refers to. */
function calledFunction(binding: Binding): FunctionNode | undefined {
  if (binding.kind !== 'variable' && binding.kind !== 'node') return undefined;
  const found = functionOf(binding.kind === 'variable' ? binding.variable : binding.node);
  return found && isFunction(found) ? found : undefined;
}

/** Whether the effect of a call is unknown. Calls through a parameter are analysed where the argument is passed. */
function isUnknown(binding: Binding): boolean {
  if (binding.kind === 'node') return functionOf(binding.node) === undefined;
  if (binding.kind !== 'variable') return true;
  return binding.variable.defs[0]?.type !== 'Parameter' && functionOf(binding.variable) === undefined;
}
