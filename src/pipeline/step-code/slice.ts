import type { AnyNode } from 'acorn';
import type { Reference, Variable } from 'eslint-scope';
import type { Effect } from './effects.ts';
import { isParsed, type Module, type ModuleGraph } from './module-graph.ts';
import { type Binding, bindingOf, namespaceMember } from './bindings.ts';
import { type ParsedModule, startOf } from './parse-module.ts';
import { printNode } from './print-node.ts';
import { type RelativeRead, relativeRead } from './relative-reads.ts';

/** Globals that turn text into code. */
const CODE_FROM_TEXT = new Set(['eval', 'Function']);

/** Everything that a piece of code reaches by name, through all modules of a pipeline. */
export class Slice {
  readonly #graph: ModuleGraph;
  readonly #effects: readonly Effect[];
  /** Numbers of items and of whole modules, in order of first use. */
  readonly #items = new Map<AnyNode, number>();
  readonly #whole = new Map<Module, number>();
  readonly #reached = new Set<Variable>();
  readonly #leftOut = new Set<AnyNode>();
  /** Texts still to be printed; each may add more. */
  readonly #queue: (() => string)[] = [];
  readonly #texts: string[] = [];
  readonly #reads: RelativeRead[] = [];
  #captures = false;

  /** @param effects side effects of loading the modules */
  constructor(graph: ModuleGraph, effects: readonly Effect[]) {
    this.#graph = graph;
    this.#effects = effects;
  }

  /**
   * Adds a piece of code without the nodes in `omit`.
   * @returns whether it uses variables of an enclosing function or block
   */
  add(module: ParsedModule, node: AnyNode, omit: Iterable<AnyNode> = []): boolean {
    this.#captures = usesOuterThis(node);
    this.#texts.push(this.#print(module, node, new Set([...this.#leftOut, ...omit])));
    return this.#captures;
  }

  /** Omits these nodes wherever they are part of a function. */
  leaveOut(nodes: Iterable<AnyNode>): void {
    for (const node of nodes) this.#leftOut.add(node);
  }

  /** Adds all modules: for code that cannot be followed. */
  addEverything(): void {
    for (const module of this.#graph.all()) this.#wholeId(module);
  }

  /** Follows everything that has been added. */
  finish(): { text: string; reads: readonly RelativeRead[] } {
    for (const { module, node, world, bare } of this.#effects) {
      if (world && module && node) this.#itemId(module, node);
      if (bare !== undefined) this.#texts.push(typeof bare === 'string' ? bare : `*${this.#wholeId(bare)}`);
    }
    this.#drain();
    for (let before = -1; before !== this.#items.size;) {
      before = this.#items.size;
      for (const effect of this.#effects)
        if (effect.module && effect.node && this.#isTouched(effect)) this.#itemId(effect.module, effect.node);
      this.#drain();
    }
    return { text: this.#texts.join('\0'), reads: this.#reads };
  }

  #isTouched({ variables, values }: Effect): boolean {
    const isReached = (value: AnyNode | Module) => ('type' in value ? this.#items.has(value) : this.#whole.has(value));
    return variables.values().some((variable) => this.#reached.has(variable)) || values.values().some(isReached);
  }

  #drain(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#texts.push(next());
  }

  #itemId(module: ParsedModule, node: AnyNode): number {
    const known = this.#items.get(node);
    if (known !== undefined) return known;
    for (const variable of module.moduleScope.variables)
      if (variable.identifiers.some((id) => contains(node, startOf(id)))) this.#reached.add(variable);
    const id = this.#items.size;
    this.#items.set(node, id);
    this.#queue.push(() => `#${id} ${this.#print(module, node, isFunctionItem(node) ? this.#leftOut : undefined)}`);
    return id;
  }

  #wholeId(module: Module): number {
    const known = this.#whole.get(module);
    if (known !== undefined) return known;
    const id = this.#whole.size;
    this.#whole.set(module, id);
    this.#queue.push(() => `*${id} ${this.#wholeText(module)}`);
    return id;
  }

  #wholeText(module: Module): string {
    const imports = module.specifiers.map((specifier) => this.#importText(module, specifier)).join(' ');
    if (isParsed(module)) return `${module.items.map((item) => this.#itemId(module, item)).join(' ')} ${imports}`;
    if (module.unbounded) this.addEverything();
    return `${module.text} ${imports}`;
  }

  #importText(module: Module, specifier: string): string {
    const target = this.#graph.imported(module, specifier);
    return target.kind === 'package' ? JSON.stringify(target.text) : `*${this.#wholeId(target.module)}`;
  }

  #bindingText(binding: Binding): string {
    switch (binding.kind) {
      case 'package':
        return JSON.stringify([binding.text, binding.name]);
      case 'module':
        return `*${this.#wholeId(binding.module)}.${binding.name}`;
      case 'node':
        return `#${this.#itemId(binding.module, binding.node)}.default`;
      case 'variable': {
        const { module, variable } = binding;
        this.#reached.add(variable);
        const items = variable.identifiers.flatMap((id) => itemAt(module, startOf(id)));
        return `#${items.map((item) => this.#itemId(module, item)).join('+')}.${variable.name}`;
      }
    }
  }

  #referenceText(module: ParsedModule, root: AnyNode, { resolved, identifier }: Reference): string {
    if (!resolved) {
      if (CODE_FROM_TEXT.has(identifier.name)) this.addEverything();
      return `@${identifier.name}`;
    }
    if (resolved.scope === module.moduleScope) return this.#bindingText(bindingOf(this.#graph, module, resolved));
    const block = resolved.scope.block as unknown as AnyNode;
    if (block.start < root.start || block.end > root.end) this.#captures = true;
    return identifier.name;
  }

  #dynamicImport(module: ParsedModule, { source }: AnyNode & { type: 'ImportExpression' }): string | undefined {
    if (source.type === 'Literal') return `import ${this.#importText(module, String(source.value))}`;
    this.addEverything();
    return undefined;
  }

  #print(module: ParsedModule, root: AnyNode, omit?: ReadonlySet<AnyNode>): string {
    return printNode(root, (node, print) => {
      if (omit?.has(node)) return '';
      const read = relativeRead(this.#graph, module, node);
      if (read) this.#reads.push(read);
      // Its base is not added again.
      if (read && node.type === 'NewExpression') return `URL ${print(node.arguments[0] as AnyNode)}`;
      if (node.type === 'ImportExpression') return this.#dynamicImport(module, node);
      const member = namespaceMember(this.#graph, module, node);
      if (member) return this.#bindingText(member);
      const reference = node.type === 'Identifier' ? module.references.get(node.start) : undefined;
      return reference && this.#referenceText(module, root, reference);
    });
  }
}

/** The item of a module that contains a position. */
export function itemAt(module: ParsedModule, position: number): AnyNode[] {
  return module.items.filter((item) => contains(item, position));
}

function contains(node: AnyNode, position: number): boolean {
  return node.start <= position && position < node.end;
}

function isFunctionItem(node: AnyNode): boolean {
  const value = node.type === 'VariableDeclarator' ? node.init : node;
  return /^Class|Function/.test(value?.type ?? '');
}

/** True where `this` is what a function around the node was called on. */
function usesOuterThis(node: AnyNode): boolean {
  if (node.type === 'ThisExpression' || node.type === 'Super') return true;
  if (['FunctionExpression', 'FunctionDeclaration', 'ClassBody'].includes(node.type)) return false;
  return Object.values(node)
    .flat()
    .some((value: AnyNode | null) => typeof value?.type === 'string' && usesOuterThis(value));
}
