import { readdirSync, readFileSync } from 'node:fs';

/** Kernel clock ticks per second: USER_HZ, 100 on every Linux that Node supports. */
export const TICKS_PER_SECOND = 100;

/** Text of a file of proc(5), by its path below /proc; empty for a process that has ended, and where there is no /proc. */
export function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

/** Fields of `/proc/PID/stat` from the third (the state) on: the second is a name in parentheses, and may have spaces. */
export function statFields(pid: number | string): string[] {
  const stat = readProc(`${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Pids of the processes that this one's main thread, or another thread of it, has started and that have not been reaped. */
export function childrenOf(pid: number | string, thread: number | string = pid): number[] {
  return readProc(`${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number);
}

/** Pids of all tools of a runner: its main thread alone starts tools; of a tool any thread may start others. */
export function toolsOf(runnerPid: number): number[] {
  return childrenOf(runnerPid).flatMap((child) => [child, ...descendants(child)]);
}

function descendants(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) => childrenOf(pid, thread).flatMap((child) => [child, ...descendants(child)]));
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/**
 * When a process of this machine started, in clock ticks since boot (proc(5), field 22): with the pid it names one
 * process for ever, since pids are reused. Empty where the process has ended or the system has no /proc. A zombie has ended,
 * though its pid still accepts signals: many containers have no init that reaps orphans.
 */
export function processStart(pid: number): string {
  const [state = '', ...fields] = statFields(pid);
  return state === 'Z' ? '' : (fields[18] ?? '');
}

/** True while the process lives that had this pid and this start; an empty start stands for any. */
export function isProcessAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' || processStart(pid) === start;
}
