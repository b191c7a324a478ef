import { readProc, toolsOf } from '../../record/proc.ts';

const KIB_PER_MIB = 1024;
/** Memory of a runner itself, whatever its task. */
const RUNNERS_OWN_MIB = 150;
/** Time for a task over its limit to stop, and to write the record. */
const MEMORY_GRACE_MS = 5000;

/** Memory of a task at one sample, in MiB. */
export interface TaskMemory {
  /** All its tools together. */
  tools: number;
  /** The runner itself. */
  runner: number;
}

/**
 * Memory of a runner and its tools, as their anonymous and shared pages: the page cache is reclaimed on demand and is
 * not charged to anyone. A page that several processes share counts once as soon as the plain sum exceeds `limitMiB`.
 */
export function taskMemory(runnerPid: number, limitMiB: number): TaskMemory {
  const runner = residentMiB(runnerPid);
  const tools = toolsOf(runnerPid);
  const plain = sum(tools.map(residentMiB));
  return { runner, tools: plain > limitMiB ? sum(tools.map(proportionalMiB)) : plain };
}

/** The memory charged to the task: growth of the runner in earlier attempts does not count. */
export function takenMiB({ tools, runner }: TaskMemory, runnerBefore: number): number {
  return Math.round(tools + Math.max(0, runner - Math.max(RUNNERS_OWN_MIB, runnerBefore)));
}

/** Decision after a sample of a task's memory. */
export type MemoryVerdict = 'leave' | 'end' | 'kill';

/**
 * One task's memory over successive samples. A single sample proves nothing: until a newly forked tool has called exec,
 * it shares the pages of its runner, and is charged for half of them.
 */
export class MemoryWatch {
  #wasOver = false;
  #endedAt: number | undefined;

  /**
   * @param isOver whether the task uses more than it requested
   * @param now monotonic milliseconds
   * @returns `end` once, at the second consecutive sample over the limit; `kill` if that has not helped in time
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

/** Current memory of one process, as counted here. */
export function residentMiB(pid: number): number {
  return fieldsMiB(readProc(`${pid}/status`), /^Rss(?:Anon|Shmem):\s+(\d+)/gm);
}

/** Read only if necessary: the kernel walks all pages of the process for it. */
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
