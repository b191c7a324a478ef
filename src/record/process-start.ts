import { readFileSync } from 'node:fs';

/**
 * When a process of this machine started, in clock ticks since boot (proc(5), field 22): with the pid it names one
 * process for ever, since pids come round again. Empty where the process is gone or the system has no /proc. A zombie is
 * gone, though its pid still takes signals: in a container often nobody reaps the children of the dead.
 */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? '' : (fields[18] ?? '');
  } catch {
    return '';
  }
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
