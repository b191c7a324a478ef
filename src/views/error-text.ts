import { styleText } from 'node:util';
import { isEnvironmentError, messageOf, PipelineError, PipelineErrors } from '../errors.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { count } from './columns.ts';

/** Errors of one kind that are told one by one: a list of 10,000 missing files helps nobody. */
const ERRORS_SHOWN = 50;

/** The text of an error: what is wrong, where, and what to do. Never a stack for a user's mistake. */
export function errorText(error: unknown): string {
  if (error instanceof PipelineErrors) return severalText(error.errors);
  if (error instanceof PipelineError) return toldText(error);
  if (isEnvironmentError(error))
    return toldText({
      message: messageOf(error),
      where: undefined,
      hint: 'The system refuses it: check owner, permissions and space.',
    });
  return unexpected(error);
}

function severalText(errors: readonly PipelineError[]): string {
  const shown = errors.slice(0, ERRORS_SHOWN).map((error) => toldText(error));
  const rest = errors.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${count(rest, 'more problem')}`] : [])].join('\n');
}

function toldText({ message, where, hint }: Pick<PipelineError, 'message' | 'where' | 'hint'>): string {
  const place = where === undefined ? '' : `${where}: `;
  const next = hint === undefined ? '' : `\n  ${styleText('dim', '->')} ${hint}`;
  return `${styleText('red', 'error:')} ${place}${message}${next}`;
}

function unexpected(error: unknown): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${styleText('red', 'error:')} a mistake in this program; please report it with what follows.\n${details}`;
}

/** Lines of a failed task's output on the closing screen. */
const OUTPUT_LINES = 8;

/** One failed task on one screen: who, where, why, the last lines, and the command that shows the rest. */
export function failureText(record: AttemptRecord, command: string): string {
  const title = `${styleText('red', 'failed')} ${styleText('bold', record.sample)} in step ${styleText('bold', record.step)}: ${record.cause}`;
  const message = (record.message ?? '').split('\n').slice(0, OUTPUT_LINES);
  const tail = record.stderrTail.slice(-OUTPUT_LINES);
  return [
    title,
    ...message.map((line) => `  ${line}`),
    ...(record.hint ? [`  ${styleText('dim', '->')} ${record.hint}`] : []),
    ...tail.map((line) => styleText('dim', `  | ${line}`)),
    `  log: ${command} logs ${record.sample} ${record.step}`,
  ].join('\n');
}
