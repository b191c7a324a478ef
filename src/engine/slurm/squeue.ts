import { parseToken, type TaskRow } from './task-row.ts';

const COLUMNS = ['ArrayJobID', 'ArrayTaskID', 'State', 'exit_code', 'restartcnt', 'Reason', 'Comment'] as const;

/**
 * Arguments of the one squeue call of a poll: every task of this user, those that are over too. `--array` gives a line
 * to each pending element. Text, because `squeue --json` of Slurm 22.05 ignores every filter.
 */
export function squeueArguments(uid: number, jobIds: readonly string[]): string[] {
  return [
    '--noheader',
    '--array',
    '--states=all',
    // One id is fetched alone; with more than one squeue fetches all, and fails if it knows none of them.
    ...(jobIds.length === 1 ? [`--jobs=${jobIds[0]}`] : [`--user=${uid}`]),
    `--Format=${COLUMNS.map((column) => `${column}:|`).join(',')}`,
  ];
}

/** Lines of other programs' jobs come along; the caller picks by job id or token. */
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
