/** Exit codes of the command, the same for every verb. Documented in docs/generated/exit-codes.md. */
export const ExitCode = {
  /** Everything requested has been done. */
  ok: 0,
  /** The run has finished and at least one sample failed. */
  samplesFailed: 1,
  /** The command line, a sample list, a pipeline file or an input is wrong: nothing was started. */
  usage: 2,
  /** The engine, the store, a tool or the machine cannot do what was requested: nothing was started. */
  environment: 3,
  /** A run is unfinished: it was cancelled, or its process died. */
  unfinished: 4,
  /** A bug in this program: please report it. */
  internal: 70,
  /** Interrupted by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface PipelineErrorFacts {
  /** Stable, machine-readable: `sample-duplicate`, `store-unwritable`… */
  code: string;
  /** What is wrong, with the offending value; no trailing period. */
  message: string;
  /** Location: `samples.csv:3:7`, `sample S1, step align`. */
  where?: string;
  /** What to do next, ideally a command. */
  hint?: string;
  exitCode?: ExitCode;
  /** Who must act: the user, or the authors of this program. */
  fault?: 'user' | 'program';
  cause?: unknown;
}

/** The error for users: states what is wrong, where, and what to do next. */
export class PipelineError extends Error {
  readonly code: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
  readonly fault: 'user' | 'program';

  constructor(facts: PipelineErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'PipelineError';
    this.code = facts.code;
    this.where = facts.where;
    this.hint = facts.hint;
    this.exitCode = facts.exitCode ?? ExitCode.usage;
    this.fault = facts.fault ?? 'user';
  }
}

/** Several mistakes found together, so that the user can fix them together. */
export class PipelineErrors extends PipelineError {
  readonly errors: readonly PipelineError[];

  constructor(errors: readonly PipelineError[]) {
    const [first] = errors;
    if (!first) throw new RangeError('PipelineErrors needs at least one error');
    super({ code: first.code, message: `${errors.length} problems`, exitCode: first.exitCode });
    this.errors = errors;
  }
}

/** Throws nothing for an empty list, the error itself for one, and a PipelineErrors for more. */
export function throwAll(errors: readonly PipelineError[]): void {
  const [first] = errors;
  if (!first) return;
  throw errors.length === 1 ? first : new PipelineErrors(errors);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All details of an error in one line, for the logs of jobs. */
export function lineOf(error: unknown): string {
  if (!(error instanceof PipelineError)) return messageOf(error);
  const where = error.where === undefined ? '' : `${error.where}: `;
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return `${where}${error.message}${hint}`;
}

/** The `code` of a system error (`ENOENT`, `ENOSPC`…), if it has one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** System error codes that report a limit of the machine, not a bug in this program. */
const ENVIRONMENT_CODES = [
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ELOOP',
];

/** True for a system error that no other part of this program has handled. */
export function isEnvironmentError(error: unknown): boolean {
  return ENVIRONMENT_CODES.includes(systemCode(error) ?? '');
}
