import { hash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire, findPackageJSON, isBuiltin } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Comment, parse } from 'acorn';
import { parseModule, type ParsedModule } from './parse-module.ts';
import { printNode } from './print-node.ts';
import type { LoadedSources } from '../code-identity.ts';

/** A file that is not analysed (CommonJS, JSON, or unparseable) and counts as a whole. */
export interface OpaqueModule {
  path: string;
  text: string;
  specifiers: readonly string[];
  /** It may reach anything. */
  unbounded: boolean;
}

export type Module = ParsedModule | OpaqueModule;

/** What an import resolves to: a module of the user, or a text that identifies a package. */
export type Imported = { kind: 'module'; module: Module } | { kind: 'package'; text: string };

/** The modules of a pipeline, read on demand. */
export interface ModuleGraph {
  entry: Module;
  moduleAt(path: string): Module;
  imported(from: Module, specifier: string): Imported;
  /** All modules that the entry reaches, and any others loaded with it, in import order. */
  all(): readonly Module[];
  /** SHA-256 by path of everything read besides the given sources; empty for a missing file. */
  read: ReadonlyMap<string, string>;
}

export function isParsed(module: Module): module is ParsedModule {
  return 'program' in module;
}

/**
 * Opens the modules of the pipeline in `entry`, an absolute path; modules that Node has not loaded are read from disk.
 */
export function openModules(entry: string, loaded: LoadedSources): ModuleGraph {
  const modules = new Map<string, Module>();
  const read = new Map<string, string>();
  const readFile = (path: string): string => {
    const text = new TextDecoder().decode(readFileSync(path));
    read.set(path, hash('sha256', text));
    return text;
  };
  const moduleAt = (path: string): Module => {
    const known = modules.get(path);
    if (known) return known;
    const source = loaded.sources.get(path) ?? readFile(path);
    const module = parseModule(path, source) ?? opaqueModule(path, source);
    modules.set(path, module);
    return module;
  };
  const imported = (from: Module, specifier: string): Imported => {
    if (specifier === 'batch-pipeline' || isBuiltin(specifier)) return { kind: 'package', text: specifier };
    const path = pathOf(from, specifier, loaded.resolved);
    if (path === undefined) return { kind: 'package', text: packageText(from.path, specifier, readFile) };
    // An optional import, or one not yet executed, may not resolve.
    if (!modules.has(path) && !loaded.sources.has(path) && !isFile(path, read))
      return { kind: 'package', text: specifier };
    return { kind: 'module', module: moduleAt(path) };
  };
  const all = (): readonly Module[] => {
    const found = new Set([moduleAt(entry)]);
    for (const module of found)
      for (const specifier of module.specifiers) {
        const target = imported(module, specifier);
        if (target.kind === 'module') found.add(target.module);
      }
    for (const path of [...loaded.sources.keys()].toSorted()) found.add(moduleAt(path));
    return [...found];
  };
  return { entry: moduleAt(entry), moduleAt, imported, all, read };
}

/** Whether a regular file exists; its absence is noted. */
function isFile(path: string, read: Map<string, string>): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return true;
  read.set(path, '');
  return false;
}

/** Path of a module of the user; `undefined` for a package. A linked package counts as the user's, wherever it is. */
function pathOf(from: Module, specifier: string, resolved: ReadonlyMap<string, string>): string | undefined {
  const url = resolved.get(`${from.path} ${specifier}`) ?? resolve(from, specifier);
  if (!url?.startsWith('file:')) return undefined;
  const path = fileURLToPath(url);
  return path.includes('/node_modules/') ? undefined : path;
}

function resolve(from: Module, specifier: string): string | undefined {
  const isPath = /^\.{0,2}\/|^file:/.test(specifier);
  const found = isPath && isParsed(from) ? undefined : resolveAsCommonJs(from.path, specifier);
  return found ?? (isPath ? new URL(specifier, pathToFileURL(from.path)).href : undefined);
}

/** `./util` may mean `./util.js`. */
function resolveAsCommonJs(from: string, specifier: string): string | undefined {
  try {
    return pathToFileURL(realpathSync(createRequire(from).resolve(specifier))).href;
  } catch {
    return undefined;
  }
}

function packageText(from: string, specifier: string, readFile: (path: string) => string): string {
  const file = findPackage(from, specifier);
  if (file === undefined) return specifier;
  const { name, version } = JSON.parse(readFile(file)) as { name?: string; version?: string };
  return `${specifier} ${name}@${version}`;
}

function findPackage(from: string, specifier: string): string | undefined {
  try {
    return findPackageJSON(specifier, pathToFileURL(from));
  } catch {
    return undefined;
  }
}

function opaqueModule(path: string, source: string): OpaqueModule {
  if (path.endsWith('.json')) return { path, text: compactJson(source), specifiers: [], unbounded: false };
  const { text, code } = compactScript(source);
  const required = [...code.matchAll(/\b(?:require|import)\s*\(\s*(?:(['"])([^'"\n]+)\1\s*\))?/g)];
  return {
    ...{ path, text },
    specifiers: required.flatMap(([, , specifier]) => (specifier === undefined ? [] : [specifier])),
    unbounded: required.some(([, , specifier]) => specifier === undefined),
  };
}

/** The text that identifies a script: its code without comments if it can be parsed. */
function compactScript(source: string): { text: string; code: string } {
  try {
    const comments: Comment[] = [];
    const options = { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true } as const;
    const text = printNode(parse(source, { ...options, onComment: comments }), () => undefined);
    const code = comments.reduceRight((rest, { start, end }) => `${rest.slice(0, start)} ${rest.slice(end)}`, source);
    return { text, code };
  } catch {
    return { text: source, code: source };
  }
}

function compactJson(source: string): string {
  try {
    return JSON.stringify(JSON.parse(source));
  } catch {
    return source;
  }
}
