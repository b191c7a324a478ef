import { readProc, toolsOf } from '../../record/proc.ts';

const KIB_PER_MIB = 1024;
/** What a runner takes for itself, whatever its task is. */
const RUNNERS_OWN_MIB = 150;
/** What takes too much is given this long to let go of it, and to write the record. */
const MEMORY_GRACE_MS = 5000;

/** What a task had when it was looked at, in MiB. */
export interface TaskMemory {
  /** Of all its tools together. */
  tools: number;
  /** Of the runner itself. */
  runner: number;
}

/**
 * Memory of a runner and its tools, as their anonymous and shared pages: files in the page cache go when others need the
 * room, and are nobody's. A page that several processes share counts once as soon as the plain sum is over `limitMiB`.
 */
export function taskMemory(runnerPid: number, limitMiB: number): TaskMemory {
  const runner = residentMiB(runnerPid);
  const tools = toolsOf(runnerPid);
  const plain = sum(tools.map(residentMiB));
  return { runner, tools: plain > limitMiB ? sum(tools.map(proportionalMiB)) : plain };
}

/** What counts as the task's own: a runner that has grown in attempts before is not this one's fault. */
export function takenMiB({ tools, runner }: TaskMemory, runnerBefore: number): number {
  return Math.round(tools + Math.max(0, runner - Math.max(RUNNERS_OWN_MIB, runnerBefore)));
}

/** What a look at a task's memory leads to. */
export type MemoryVerdict = 'leave' | 'end' | 'kill';

/**
 * One task's memory from look to look. A single look proves nothing: until a tool that was just forked has replaced its
 * program, it shares the pages of its runner, and is charged for half of them.
 */
export class MemoryWatch {
  #wasOver = false;
  #endedAt: number | undefined;

  /**
   * @param isOver whether the task has more than it asked for
   * @param now monotonic milliseconds
   * @returns `end` once, at the second look in a row that is over; `kill` where that has not helped in time
   */
  look(isOver: boolean, now: number): MemoryVerdict {
    const again = isOver && this.#wasOver;
    this.#wasOver = isOver;
    if (!again) return 'leave';
    if (this.#endedAt !== undefined) return now - this.#endedAt >= MEMORY_GRACE_MS ? 'kill' : 'leave';
    this.#endedAt = now;
    return 'end';
  }
}

/** What one process has now, as the watch counts it. */
export function residentMiB(pid: number): number {
  return fieldsMiB(readProc(`${pid}/status`), /^Rss(?:Anon|Shmem):\s+(\d+)/gm);
}

/** Read only in doubt: the kernel goes through all pages of the process for it. */
function proportionalMiB(pid: number): number {
  const rollup = readProc(`${pid}/smaps_rollup`);
  return rollup === '' ? residentMiB(pid) : fieldsMiB(rollup, /^Pss_(?:Anon|Shmem):\s+(\d+)/gm);
}

function fieldsMiB(text: string, fields: RegExp): number {
  return sum([...text.matchAll(fields)].map(([, kib]) => Number(kib))) / KIB_PER_MIB;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
