import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { awaitGroup, holdersOf, killGroup, killProcesses, type Straggler } from './process-group.ts';

export interface ToolRequest {
  argv: readonly string[];
  cwd: string;
  /** The whole environment of the tool; that of this process where it is `undefined`. */
  env: NodeJS.ProcessEnv | undefined;
  /** Descriptor that the tool's stdout goes to, or `capture` to have it returned. */
  stdout: number | 'capture';
  /** Descriptor that the tool's stderr goes to. */
  stderr: number;
  signal: AbortSignal;
  /** Exit codes that count as success. */
  allowExitCodes: readonly number[];
}

export interface ToolEnd {
  exitCode?: number;
  signal?: string;
  /** Code of the system error with which the tool could not be started. */
  code?: string;
  /** With `capture`. */
  stdout?: string;
  /** It printed more than can be captured, and was ended for that. */
  isTooLong?: true;
}

/** Grace between SIGTERM and SIGKILL of a tool that has to stop. */
const KILL_AFTER_MS = 5000;
/** Limit of captured output, in bytes. */
export const CAPTURE_BYTES = 1024 * 1024;
/** Processes that are about to end, such as the readers of `>(…)`, get this long. */
const PATIENCE_MS = 2000;

/**
 * A pipe that is never written to: every process that a tool starts inherits its end, even one that leaves the process
 * group, so it closes when the last of them has ended. Scripts use lower numbers, and bash allots those from 10 on.
 */
const LEASH = 19;
const UNUSED = Array.from({ length: LEASH - 3 }, () => 'ignore' as const);

/**
 * Runs a command until it and everything it started have ended: `left` lists what was still running two seconds later
 * and was killed. Output goes to descriptors, so that none of it passes through this process.
 */
export async function runTool(request: ToolRequest): Promise<{ end: ToolEnd; left: Straggler[] }> {
  const started = start(request);
  if (!('child' in started)) return { end: started, left: [] };
  const { child, leash, captured } = started;
  const stop = stopper(child);
  request.signal.addEventListener('abort', stop.soon);
  const closed = Promise.withResolvers<void>();
  child.once('close', () => closed.resolve());
  const end = await ending(child);
  const isSuccess = end.exitCode !== undefined && request.allowExitCodes.includes(end.exitCode);
  // What reads the output of a tool, as in `>(gzip > …)`, has to finish even where the tool's exit code is not 0.
  const left = await settle(child, { closed: closed.promise, leash, isPatient: isSuccess });
  request.signal.removeEventListener('abort', stop.soon);
  stop.clear();
  return { end: { ...end, ...captured?.() }, left };
}

interface Started {
  child: ChildProcess;
  /** The tool's end of the leash, as named in /proc; empty for a tool that has ended at once. */
  leash: string;
  captured: (() => Pick<ToolEnd, 'stdout' | 'isTooLong'>) | undefined;
}

function start({ argv: [file = '', ...args], cwd, env, stdout, stderr }: ToolRequest): Started | ToolEnd {
  const out = stdout === 'capture' ? 'pipe' : stdout;
  try {
    const child = spawn(file, args, {
      ...{ cwd, env, detached: true },
      stdio: ['ignore', out, stderr, ...UNUSED, 'pipe'],
    });
    // A tool that writes to the leash must not end this process.
    child.stdio.at(LEASH)?.on('error', () => undefined);
    return { child, leash: leashOf(child.pid), captured: stdout === 'capture' ? capture(child) : undefined };
  } catch (error) {
    return { code: systemCode(error) ?? String(error) };
  }
}

function leashOf(pid: number | undefined): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${LEASH}`);
  } catch {
    return '';
  }
}

/** Collects a tool's output; a tool that prints too much is ended. */
function capture(child: ChildProcess): () => Pick<ToolEnd, 'stdout' | 'isTooLong'> {
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= CAPTURE_BYTES) chunks.push(chunk);
    else if (child.pid !== undefined) killGroup(child.pid);
  });
  return () => ({
    stdout: Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, ''),
    ...(length > CAPTURE_BYTES ? { isTooLong: true } : {}),
  });
}

function ending(child: ChildProcess): Promise<ToolEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: systemCode(error) ?? error.message }));
    child.once('exit', (exitCode, signal) => resolve(signal ? { signal } : { exitCode: exitCode ?? 0 }));
  });
}

/** Asks a tool and its process group to stop, and kills them if they do not. */
function stopper(child: ChildProcess): { soon: () => void; clear: () => void } {
  let killing: NodeJS.Timeout | undefined;
  return {
    soon: () => {
      if (child.pid === undefined) return;
      killGroup(child.pid, 'SIGTERM');
      killing = setTimeout(killGroup, KILL_AFTER_MS, child.pid);
    },
    clear: () => clearTimeout(killing),
  };
}

/** Waits for the processes that a tool has started, or ends them where the tool has failed. */
async function settle(
  { pid }: ChildProcess,
  { closed, leash, isPatient }: { closed: Promise<void>; leash: string; isPatient: boolean },
): Promise<Straggler[]> {
  if (pid === undefined) return [];
  if (!isPatient) killGroup(pid);
  const isClosed = await isDoneWithin(isPatient ? PATIENCE_MS : LAST_MOMENT_MS, closed);
  const inGroup = isPatient ? await awaitGroup(pid, isClosed ? PATIENCE_MS : 0) : [];
  const left = isClosed ? inGroup : merge(inGroup, holdersOf(leash, LEASH));
  const isUnknown = left.length === 0 && !isClosed && !(await isDoneWithin(LAST_MOMENT_MS, closed));
  if (left.length > 0) killGroup(pid);
  killProcesses(left);
  return isPatient ? (isUnknown ? [UNKNOWN] : left) : [];
}

/** For a process that has just been killed, or has just closed the leash. */
const LAST_MOMENT_MS = 200;
/** Processes that hold the leash and belong to another user, or hold it by another number. */
const UNKNOWN: Straggler = { pid: 0, command: 'an unknown process' };

function merge(some: readonly Straggler[], others: readonly Straggler[]): Straggler[] {
  return [...some, ...others.filter(({ pid }) => !some.some((one) => one.pid === pid))];
}

function isDoneWithin(ms: number, done: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, false);
    void done.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
