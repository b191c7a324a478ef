import { deepEqual } from 'node:assert/strict';

/** One promise of a contract, for any test runner: `test(name, run)`. */
export interface ContractCase {
  name: string;
  /** Rejects where the promise is broken. It may take a minute on a slow scheduler: allow each case some minutes. */
  run: () => Promise<void>;
}

/** Asserts that `actual` has the properties of `expected`, at any depth; it may have others. Lists have the same length. */
export function matches(actual: unknown, expected: unknown): void {
  deepEqual(partLike(actual, expected), expected);
}

/** `value` without the properties that `shape` does not have. */
function partLike(value: unknown, shape: unknown): unknown {
  if (Array.isArray(shape) && Array.isArray(value)) return value.map((item, i) => partLike(item, shape[i]));
  if (Array.isArray(shape) || !isObject(shape) || !isObject(value)) return value;
  return Object.fromEntries(Object.keys(shape).map((key) => [key, partLike(value[key], shape[key])]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
