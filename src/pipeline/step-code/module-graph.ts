import { hash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire, findPackageJSON, isBuiltin } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import { parseModule, type ParsedModule } from './parse-module.ts';
import { printNode } from './print-node.ts';
import type { LoadedSources } from './step-codes.ts';

/** A file that is followed no further: CommonJS, JSON, or what cannot be parsed. It counts as a whole. */
export interface OpaqueModule {
  path: string;
  text: string;
  specifiers: readonly string[];
  /** It may reach anything. */
  unbounded: boolean;
}

export type Module = ParsedModule | OpaqueModule;

/** What an import leads to: a module of the user's, or a text that stands for a package. */
export type Imported = { kind: 'module'; module: Module } | { kind: 'package'; text: string };

/** The modules of a pipeline, read as far as they are asked for. */
export interface ModuleGraph {
  entry: Module;
  moduleAt(path: string): Module;
  imported(from: Module, specifier: string): Imported;
  /** All that the entry reaches, and whatever else was loaded with it, in the order of the imports. */
  all(): readonly Module[];
  /** SHA-256 by path of everything that was read besides the sources that were given. */
  read: ReadonlyMap<string, string>;
}

export function isParsed(module: Module): module is ParsedModule {
  return 'program' in module;
}

/** Opens the modules of the pipeline in `entry`, an absolute path; what was not loaded is read from the disk. */
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
    const path = pathOf(from.path, specifier, loaded.resolved);
    if (path !== undefined) return { kind: 'module', module: moduleAt(path) };
    return { kind: 'package', text: packageText(from.path, specifier, readFile) };
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

/** Of a module of the user's; `undefined` for one of a package. A linked package is the user's, wherever it lies. */
function pathOf(from: string, specifier: string, resolved: ReadonlyMap<string, string>): string | undefined {
  const url = resolved.get(`${from} ${specifier}`) ?? resolve(from, specifier);
  if (!url?.startsWith('file:')) return undefined;
  const path = fileURLToPath(url);
  return path.includes('/node_modules/') ? undefined : path;
}

function resolve(from: string, specifier: string): string | undefined {
  if (/^\.{0,2}\/|^file:/.test(specifier)) return new URL(specifier, pathToFileURL(from)).href;
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
  const required = [...source.matchAll(/\b(?:require|import)\s*\(\s*(?:(['"])([^'"\n]+)\1\s*\))?/g)];
  return {
    path,
    text: compactScript(source),
    specifiers: required.flatMap(([, , specifier]) => (specifier === undefined ? [] : [specifier])),
    unbounded: required.some(([, , specifier]) => specifier === undefined),
  };
}

function compactScript(source: string): string {
  try {
    const options = { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true } as const;
    return printNode(parse(source, options), () => undefined);
  } catch {
    return source;
  }
}

function compactJson(source: string): string {
  try {
    return JSON.stringify(JSON.parse(source));
  } catch {
    return source;
  }
}
