import type { AnyNode } from 'acorn';

/** The replacement of a node in the printed text; `undefined` to print it as it is. */
export type Replace = (node: AnyNode, print: (child: AnyNode) => string) => string | undefined;

/** Fields that say how something was written, not what it is. */
const HOW_WRITTEN = new Set(['type', 'start', 'end', 'loc', 'range', 'raw', 'shorthand', 'sourceType']);

/**
 * A text for a syntax tree that does not depend on white space, comments, parentheses, quotes or the parser's version:
 * fields are sorted, and empty or false ones are omitted.
 */
export function printNode(node: AnyNode, replace: Replace): string {
  const print = (child: AnyNode): string => replace(child, print) ?? plain(child, print);
  return print(node);
}

function plain(node: AnyNode, print: (child: AnyNode) => string): string {
  switch (node.type) {
    case 'EmptyStatement':
      return '';
    case 'Literal':
      return literal(node);
    case 'TemplateElement':
      return JSON.stringify([node.value.raw, node.value.cooked]);
    default:
      return `${node.type}(${fields(node, print).join(' ')})`;
  }
}

function literal(node: AnyNode & { type: 'Literal' }): string {
  if (node.regex) return `/${node.regex.pattern}/${node.regex.flags}`;
  if (node.bigint) return `${node.bigint}n`;
  return typeof node.value === 'string' ? JSON.stringify(node.value) : String(node.value);
}

function fields(node: AnyNode, print: (child: AnyNode) => string): string[] {
  const all = node as unknown as Record<string, unknown>;
  return Object.keys(all)
    .filter((name) => !HOW_WRITTEN.has(name) && all[name] !== null)
    .toSorted()
    .flatMap((name) => {
      const text = isPlainName(node, name) ? JSON.stringify(plainName(all[name] as AnyNode)) : value(all[name], print);
      return text === '' ? [] : [`${name}:${text}`];
    });
}

/** `a` of `x.a` and of `{ a: 1 }`, which is the same as `{ 'a': 1 }`, is not a reference to a variable. */
function isPlainName(node: AnyNode, field: string): boolean {
  if ('computed' in node && node.computed) return false;
  if (field === 'key' || field === 'label') return true;
  return node.type === 'MetaProperty' || (node.type === 'MemberExpression' && field === 'property');
}

function plainName(node: AnyNode): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'PrivateIdentifier') return `#${node.name}`;
  return node.type === 'Literal' ? String(node.bigint ?? node.value) : node.type;
}

function value(given: unknown, print: (child: AnyNode) => string): string {
  if (given === undefined || given === null || given === false) return '';
  if (Array.isArray(given)) {
    const entries = given.map((entry: unknown) => (entry === null ? 'null' : value(entry, print)));
    const said = entries.filter((entry) => entry !== '');
    return said.length === 0 ? '' : `[${said.join(',')}]`;
  }
  if (typeof given !== 'object') return JSON.stringify(given);
  return print(given as AnyNode);
}
