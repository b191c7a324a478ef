import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Tool } from '../pipeline/tool.ts';

/** A tool as it is on this machine. */
export interface FoundTool {
  name: string;
  /** argv prefix; `undefined` where the tool is not installed. */
  command: readonly string[] | undefined;
  /** `undefined` where it is unknown. */
  version: string | undefined;
  /** Abilities that this build lacks. */
  lacks?: string;
}

/** The first of a tool's commands whose program and files exist here. */
export function findTool(tool: Tool, path: string): readonly string[] | undefined {
  return tool.commands.find(
    (command) =>
      programPath(command[0] ?? '', path) && command.slice(1).every((arg) => !isAbsolute(arg) || isFile(arg)),
  );
}

/** Finds a tool and asks for its version; a version asked once is remembered as long as the program's file is the same. */
export async function probeTool(tool: Tool, path: string): Promise<FoundTool> {
  const command = findTool(tool, path);
  if (!command) return { name: tool.name, command: undefined, version: undefined };
  const identity = command.map((word) => fileIdentity(programPath(word, path) ?? word)).join(' ');
  const known = readCache()[identity];
  if (known) return { name: tool.name, command, ...known };
  const output = await ask(command, tool.version.args, path);
  const version = tool.version.pattern.exec(output)?.[1];
  const able = !tool.requires || tool.requires.pattern.test(await ask(command, tool.requires.args, path));
  const facts = { version, ...(able ? {} : { lacks: tool.requires?.message ?? '' }) };
  if (version !== undefined) writeCache({ ...readCache(), [identity]: { ...facts, version } });
  return { name: tool.name, command, ...facts };
}

async function ask(command: readonly string[], args: readonly string[], path: string): Promise<string> {
  // Loaded only when a version is not remembered.
  const { execa } = await import('execa');
  const [program = '', ...rest] = command;
  const { all } = await execa(programPath(program, path) ?? program, [...rest, ...args], {
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: 30_000,
  });
  return all ?? '';
}

function programPath(program: string, path: string): string | undefined {
  if (isAbsolute(program)) return isFile(program) ? program : undefined;
  return path
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((candidate) => isFile(candidate) && isExecutable(candidate));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function fileIdentity(word: string): string {
  if (!isFile(word)) return word;
  const real = realpathSync(word);
  const { size, mtimeMs } = statSync(real);
  return `${real}:${size}:${mtimeMs}`;
}

type VersionCache = Record<string, { version: string; lacks?: string }>;

function cacheFile(): string {
  const home = homedir();
  return join(home === '/' ? tmpdir() : home, '.cache', 'batch-pipeline', 'tool-versions.json');
}

function readCache(): VersionCache {
  try {
    return JSON.parse(readFileSync(cacheFile(), 'utf8')) as VersionCache;
  } catch {
    return {};
  }
}

/** Best effort: a machine without a writable home asks the tools again. */
function writeCache(cache: VersionCache): void {
  const file = cacheFile();
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(temporary, JSON.stringify(cache));
    renameSync(temporary, file);
  } catch {
    // See above.
  }
}
