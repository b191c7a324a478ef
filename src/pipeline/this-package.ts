import { existsSync } from 'node:fs';
import type { ResolveHookSync } from 'node:module';

/** The module that a pipeline file means by `batch-pipeline`, wherever the file lies: built, in a bundle, or from source. */
export const PACKAGE_URL = ['./index.js', './index.mjs', '../index.ts']
  .map((file) => new URL(file, import.meta.url))
  .find((url) => existsSync(url))?.href as string;

/** A hook for `registerHooks` that lends this package to modules that cannot find it from where they lie. */
export const lendPackage: ResolveHookSync = (specifier, context, next) =>
  specifier === 'batch-pipeline' ? { url: PACKAGE_URL, shortCircuit: true } : next(specifier, context);
