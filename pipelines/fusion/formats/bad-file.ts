import { basename } from 'node:path';
import { messageOf, systemCode } from '../../../src/errors.ts';
import { StepFailure } from '../../../src/pipeline/step.ts';

/** A file with wrong content: which one, what is wrong with it, and what to do. */
export class BadFile extends Error {
  readonly path: string;
  readonly hint: string | undefined;

  constructor(path: string, problem: string, hint?: string) {
    super(`${basename(path)} ${problem}`);
    this.name = 'BadFile';
    this.path = path;
    this.hint = hint;
  }
}

/** zlib's error codes for a truncated gzip file, and for one with changed bytes. */
const GZIP_PROBLEMS: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: 'ends in the middle: it is a truncated gzip file',
  Z_DATA_ERROR: 'is damaged: its gzip checksum or data are wrong',
};

/** Adds the file name to zlib's errors; returns other errors unchanged. */
export function asBadFile(path: string, error: unknown): unknown {
  const problem = GZIP_PROBLEMS[systemCode(error) ?? ''];
  return problem ? new BadFile(path, problem, 'Copy it again, or ask for it again where it came from.') : error;
}

/** The cause to report: `input` if the file was given to the step, `check` if a tool has just written it. */
export function blame(cause: 'input' | 'check', sample: string, error: unknown): unknown {
  if (!(error instanceof BadFile)) return error;
  const message = `${sample}: ${messageOf(error)}`;
  return new StepFailure(cause, message, error.hint === undefined ? {} : { hint: error.hint });
}
