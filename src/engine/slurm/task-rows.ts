/** One task as reported by squeue or sacct. */
export interface TaskRow {
  jobId: string;
  /** Element of the array; 0 for a plain job. */
  index: number;
  /** As Slurm reports it: `RUNNING`, `OUT_OF_MEMORY`… */
  state: string;
  exitCode: number;
  /** Signal that ended it; 0 for none. */
  signal: number;
  /** As Slurm reports it: `Resources`, `DependencyNeverSatisfied`, `None`… */
  reason: string;
  /** How often Slurm restarted it; `undefined` if the source does not report it. */
  restarts: number | undefined;
  /** Name and size that this engine gave the job, if the row has them. */
  token: JobToken | undefined;
}

/**
 * Kept in the job's comment, so that the cluster itself knows which job a task belongs to and how many tasks it has.
 */
export interface JobToken {
  name: string;
  size: number;
}

/** `run-align-0/10`: the comment of a job. */
export function formatToken({ name, size }: JobToken): string {
  return `${name}/${size}`;
}

/** `undefined` for a comment that this engine did not write. */
export function parseToken(comment: string): JobToken | undefined {
  const match = /^([\w-]+)\/([1-9]\d*)$/.exec(comment);
  return match?.[1] ? { name: match[1], size: Number(match[2]) } : undefined;
}

const COLUMNS = ['ArrayJobID', 'ArrayTaskID', 'State', 'exit_code', 'restartcnt', 'Reason', 'Comment'] as const;

/**
 * Arguments of the one squeue call of a poll: every task of this user, including ended ones. `--array` gives a line to
 * each pending element. Text, because `squeue --json` of Slurm 22.05 ignores every filter.
 */
export function squeueArguments(uid: number, jobIds: readonly string[]): string[] {
  return [
    '--noheader',
    '--array',
    '--states=all',
    // A single id is queried alone; with several ids squeue fetches all jobs anyway, and fails if it knows none of
    // them.
    ...(jobIds.length === 1 ? [`--jobs=${jobIds[0]}`] : [`--user=${uid}`]),
    `--Format=${COLUMNS.map((column) => `${column}:|`).join(',')}`,
  ];
}

/** Includes lines of other programs' jobs; the caller selects by job id or token. */
export function parseSqueue(text: string): TaskRow[] {
  return text.split('\n').flatMap((line) => {
    const [jobId = '', index = '', state = '', status = '', restarts = '', reason = '', comment = ''] = line.split('|');
    if (!/^\d+$/.test(jobId)) return [];
    return [
      {
        jobId,
        index: index === 'N/A' ? 0 : Number(index),
        state,
        ...waitStatus(Number(status)),
        reason,
        restarts: Number(restarts),
        token: parseToken(comment),
      },
    ];
  });
}

/** squeue prints the raw status of wait(2): 4352 is exit code 17, 9 is signal 9. */
function waitStatus(status: number): { exitCode: number; signal: number } {
  const signal = status & 0x7f;
  return { exitCode: signal === 0 ? (status >> 8) & 0xff : 0, signal };
}

/** Arguments that query the last attempt of every task of these jobs, however old. */
export function sacctArguments(jobIds: readonly string[]): string[] {
  return [...PLAIN, `--jobs=${jobIds.join(',')}`, '--format=JobID,State,ExitCode'];
}

/** Arguments that query which jobs have these names. Without a start time sacct only goes back to midnight. */
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
    // A user's scancel reads "CANCELLED by <uid>"; a dependency that can no longer be met has no such words.
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
