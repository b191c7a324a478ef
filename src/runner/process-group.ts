import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, readProc, statFields } from '../record/proc.ts';

const LOOK_MS = 20;

/** A process that a tool has started and that is still running after the tool has ended. */
export interface Straggler {
  pid: number;
  /** Its command line. */
  command: string;
}

/**
 * Waits until the whole process group of a tool has ended; returns what is still running after `patienceMs`. Costs one
 * system call where nothing is, as nearly always.
 */
export async function awaitGroup(group: number, patienceMs: number): Promise<Straggler[]> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const members = isGroupKnown(group) ? livingMembers(group) : [];
    if (members.length === 0 || performance.now() > giveUpAt) return members;
    await sleep(LOOK_MS);
  }
}

/** Processes that hold the file or socket `link`, as /proc names it, as their descriptor `fd`. */
export function holdersOf(link: string, fd: number): Straggler[] {
  if (link === '') return [];
  return pids().flatMap((pid) =>
    linkOf(`/proc/${pid}/fd/${fd}`) === link ? [{ pid: Number(pid), command: commandOf(pid) }] : [],
  );
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Signals every process that is left in a group. */
export function killGroup(group: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  kill(-group, signal);
}

export function killProcesses(processes: readonly Straggler[]): void {
  for (const { pid } of processes) kill(pid, 'SIGKILL');
}

/** A negative number is that of a group. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** Also true for a group of zombies that are never reaped, as in a container without an init. */
function isGroupKnown(group: number): boolean {
  // Called for nearly every tool, and the error for a group that has ended needs no stack.
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  } finally {
    Error.stackTraceLimit = depth;
  }
}

function livingMembers(group: number): Straggler[] {
  return pids().flatMap((pid) => {
    // proc(5): after the name in parentheses come state, parent, group.
    const [state = '', , itsGroup] = statFields(pid);
    return Number(itsGroup) === group && !/^[ZX]/.test(state) ? [{ pid: Number(pid), command: commandOf(pid) }] : [];
  });
}

/** Pids of the children of this process that have not ended, except those in `known`. */
export function livingChildren(known: ReadonlySet<number> = new Set()): number[] {
  return childrenOf(process.pid).filter((pid) => !known.has(pid) && !/^[ZX]|^$/.test(statFields(pid)[0] ?? ''));
}

/**
 * Kills the children of `livingChildren`: tools, each the leader of its process group, and processes that the step
 * started itself, which lead none.
 */
export function killChildren(known?: ReadonlySet<number>): void {
  for (const pid of livingChildren(known)) {
    killGroup(pid);
    kill(pid, 'SIGKILL');
  }
}

export function commandOf(pid: number | string): string {
  return readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim();
}
