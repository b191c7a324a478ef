import type { TaskRow } from './task-row.ts';

/** Arguments that ask for the last try of every task of these jobs, however old. */
export function sacctArguments(jobIds: readonly string[]): string[] {
  return [...PLAIN, `--jobs=${jobIds.join(',')}`, '--format=JobID,State,ExitCode'];
}

/** Arguments that ask which jobs have these names. Without a start time sacct looks back to midnight only. */
export function sacctNameArguments(uid: number, names: readonly string[]): string[] {
  return [...PLAIN, `--user=${uid}`, '--starttime=now-90days', `--name=${names.join(',')}`, '--format=JobID,JobName'];
}

const PLAIN = ['--allocations', '--parsable2', '--noheader'];

/** Lines are `3_1|FAILED|17:0`; elements that never started may share one: `3_[4-6%2]|CANCELLED by 0|0:0`. */
export function parseSacct(text: string): TaskRow[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', words = '', exit = ''] = line.split('|');
    const [exitCode = 0, signal = 0] = exit.split(':').map(Number);
    const [state = '', by] = words.split(' ');
    const jobId = /^\d+/.exec(id)?.[0];
    if (jobId === undefined) return [];
    // Somebody's scancel reads "CANCELLED by <uid>"; a dependency that can no longer be met has no such words.
    const reason = state === 'CANCELLED' && by === undefined ? 'DependencyNeverSatisfied' : 'None';
    return indices(id).map((index) => ({
      jobId,
      index,
      state,
      exitCode,
      signal,
      reason,
      restarts: undefined,
      token: undefined,
    }));
  });
}

/** Names to job ids; of several jobs with one name the oldest. */
export function parseSacctNames(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+)[^|]*\|(.+)$/.exec(line);
    const [, id, name] = match ?? [];
    if (id && name && Number(id) < Number(found.get(name) ?? Number.POSITIVE_INFINITY)) found.set(name, id);
  }
  return found;
}

function indices(id: string): number[] {
  const [, list, single] = /^\d+_(?:\[([\d,-]+)(?:%\d+)?\]|(\d+))$/.exec(id) ?? [];
  if (list === undefined) return [Number(single ?? 0)];
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
