import { styleText } from 'node:util';
import { PipelineError, PipelineErrors } from '../errors.ts';

/** The text of an error: what is wrong, where, and what to do. Never a stack for a user's mistake. */
export function errorText(error: unknown): string {
  if (error instanceof PipelineErrors) return error.errors.map((one) => errorText(one)).join('\n');
  if (!(error instanceof PipelineError)) return unexpected(error);
  const where = error.where === undefined ? '' : `${error.where}: `;
  const hint = error.hint === undefined ? '' : `\n  ${styleText('dim', '->')} ${error.hint}`;
  return `${styleText('red', 'error:')} ${where}${error.message}${hint}`;
}

function unexpected(error: unknown): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${styleText('red', 'error:')} a mistake in this program; please report it with what follows.\n${details}`;
}
