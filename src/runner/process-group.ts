import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, readProc, statFields } from '../record/proc.ts';

/** What is on its way to its end, as the readers of `>(…)` are, gets this long. */
const PATIENCE_MS = 2000;
const LOOK_MS = 20;

/** A process that lives on in the group of a tool that has ended. */
export interface Straggler {
  pid: number;
  /** Its command line. */
  command: string;
}

/**
 * Waits until the whole process group of a tool is gone; answers who is still there after two seconds. Costs one
 * system call where nobody is, as nearly always.
 */
export async function awaitGroup(group: number): Promise<Straggler[]> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const members = isGroupKnown(group) ? livingMembers(group) : [];
    if (members.length === 0 || performance.now() > giveUpAt) return members;
    await sleep(LOOK_MS);
  }
}

/** Ends whoever is left in a group. */
export function killGroup(group: number): void {
  kill(-group);
}

/** A negative number is a group's. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone.
  }
}

/** Also true for a group of zombies that nobody reaps, as in a container without an init. */
function isGroupKnown(group: number): boolean {
  // Nearly every tool comes by here, and the error of a group that is gone needs no stack.
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
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
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
 * Kills the children of `livingChildren`: tools, each the leader of its process group, and what a step has started
 * itself, which leads none.
 */
export function killChildren(known?: ReadonlySet<number>): void {
  for (const pid of livingChildren(known)) {
    killGroup(pid);
    kill(pid);
  }
}

export function commandOf(pid: number | string): string {
  return readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim();
}
