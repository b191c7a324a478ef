/** One task as squeue or sacct shows it. */
export interface TaskRow {
  jobId: string;
  /** Element of the array; 0 for a plain job. */
  index: number;
  /** Slurm's word: `RUNNING`, `OUT_OF_MEMORY`… */
  state: string;
  exitCode: number;
  /** Signal that ended it; 0 for none. */
  signal: number;
  /** Slurm's word: `Resources`, `DependencyNeverSatisfied`, `None`… */
  reason: string;
  /** How often Slurm started it again; `undefined` where the source does not tell. */
  restarts: number | undefined;
  /** Name and size that this engine gave the job, where the row has them. */
  token: JobToken | undefined;
}

/** Kept in the job's comment, so that the cluster itself tells which job a task belongs to and how many it has. */
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
