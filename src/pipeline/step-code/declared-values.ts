import type { AnyNode } from 'acorn';
import type { Variable } from 'eslint-scope';
import { childrenOf } from './parse-module.ts';

/** The root variable of `a.b[c].d()`. */
export function rootOf(node: AnyNode): (AnyNode & { type: 'Identifier' }) | undefined {
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
export function lastName(callee: AnyNode): string {
  if (callee.type === 'Identifier') return callee.name;
  const isPlain = callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier';
  return isPlain ? (callee.property as AnyNode & { type: 'Identifier' }).name : '';
}

export type FunctionNode = AnyNode & {
  type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression';
};

export function isFunction(node: AnyNode): node is FunctionNode {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

/** A variable, or the expression that is its value. */
type Declared = Variable | AnyNode;

/** All callable code of a function, class or object literal. */
export function bodiesOf(declared: Declared): AnyNode[] {
  const node = functionOf(declared);
  if (node) return node.type.startsWith('Class') ? methodsOf(node) : [node];
  const value = valueOf(declared);
  return value?.type === 'ObjectExpression' ? functionsIn(value) : [];
}

/** All callable code of a class. */
function methodsOf(node: AnyNode): AnyNode[] {
  return childrenOf(node).flatMap((part) => {
    if (part.type === 'ClassBody' || part.type === 'MethodDefinition') return methodsOf(part);
    return [part];
  });
}

/** `f` and `g` of `{ f() {}, a: { g: () => {} } }`. */
function functionsIn(node: AnyNode): AnyNode[] {
  return childrenOf(node).flatMap((part) => {
    if (part.type === 'Property' || part.type === 'ObjectExpression') return functionsIn(part);
    return isFunction(part) ? [part] : [];
  });
}

/** `a` of `const b = a.c`. */
export function aliasOf(variable: Variable): AnyNode | undefined {
  const init = valueOf(variable);
  return init?.type === 'Identifier' || init?.type === 'MemberExpression' ? rootOf(init) : undefined;
}

/** The declared value, if it is written at the declaration. */
function valueOf(declared: Declared): AnyNode | undefined {
  if ('type' in declared) return declared;
  const [definition] = declared.defs;
  const node = definition?.node as unknown as AnyNode | undefined;
  if (definition?.type === 'FunctionName' || definition?.type === 'ClassName') return node;
  return node?.type === 'VariableDeclarator' ? (node.init ?? undefined) : undefined;
}

/** The function or class that is declared. */
export function functionOf(declared: Declared): AnyNode | undefined {
  const value = valueOf(declared);
  return value && (isFunction(value) || value.type.startsWith('Class')) ? value : undefined;
}

/** Numbers and strings cannot be changed by the code that receives them; functions rarely are. */
export function isFixed(declared: Declared): boolean {
  if (functionOf(declared)) return true;
  const value = valueOf(declared);
  const isConst = 'type' in declared || (declared.defs[0]?.parent as { kind?: string } | undefined)?.kind === 'const';
  return isConst && value !== undefined && isPrimitive(value);
}

function isPrimitive(node: AnyNode): boolean {
  return (
    ['Literal', 'TemplateLiteral', 'UnaryExpression', 'BinaryExpression'].includes(node.type) &&
    !(node.type === 'Literal' && node.regex)
  );
}
