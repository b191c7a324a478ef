/** Exit codes of the command, the same for every verb. Documented in docs/generated/exit-codes.md. */
export const ExitCode = {
  /** Everything asked for is done. */
  ok: 0,
  /** The run is over and at least one sample failed. */
  samplesFailed: 1,
  /** The command line, a sample list, a pipeline file or an input is wrong: nothing was started. */
  usage: 2,
  /** The engine, the store, a tool or the machine cannot do what was asked: nothing was started. */
  environment: 3,
  /** A run is unfinished: it was cancelled, or its process went away. */
  unfinished: 4,
  /** A mistake of this program's: please report it. */
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
  /** Where: `samples.csv:3:7`, `sample S1, step align`. */
  where?: string;
  /** What to do next, ideally a command. */
  hint?: string;
  exitCode?: ExitCode;
  /** Who has to act: the user, or the authors of this program. */
  fault?: 'user' | 'program';
  cause?: unknown;
}

/** The one error that is meant to be read: says what, where and what to do next. */
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

/** Several mistakes found in one go, so that the user mends them in one go. */
export class PipelineErrors extends PipelineError {
  readonly errors: readonly PipelineError[];

  constructor(errors: readonly PipelineError[]) {
    const [first] = errors;
    if (!first) throw new RangeError('PipelineErrors needs at least one error');
    super({ code: first.code, message: `${errors.length} problems`, exitCode: first.exitCode });
    this.errors = errors;
  }
}

/** Throws nothing for an empty list, the error itself for one, and all of them together for more. */
export function throwAll(errors: readonly PipelineError[]): void {
  const [first] = errors;
  if (!first) return;
  throw errors.length === 1 ? first : new PipelineErrors(errors);
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Everything that is known of an error, in one line: for the logs of jobs. */
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

/** What the system says where it, not this program, cannot or may not do something. */
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

/** True for an error of the system's that no part of this program has foreseen. */
export function isEnvironmentError(error: unknown): boolean {
  return ENVIRONMENT_CODES.includes(systemCode(error) ?? '');
}
