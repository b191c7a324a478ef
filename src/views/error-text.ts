import { styleText } from 'node:util';
import { isEnvironmentError, messageOf, PipelineError, PipelineErrors } from '../errors.ts';
import type { AttemptRecord } from '../record/attempt-record.ts';
import { count } from './columns.ts';

/** Errors shown one by one: a list of 10,000 missing files is no help. */
const ERRORS_SHOWN = 50;

/** The text of an error: what is wrong, where, and what to do. User errors show no stack trace. */
export function errorText(error: unknown): string {
  if (error instanceof PipelineErrors) return severalText(error.errors);
  if (error instanceof PipelineError) return oneText(error);
  if (isEnvironmentError(error))
    return oneText({
      message: messageOf(error),
      where: undefined,
      hint: 'The operating system refused: check owner, permissions and free space.',
    });
  return unexpected(error);
}

function severalText(errors: readonly PipelineError[]): string {
  const shown = errors.slice(0, ERRORS_SHOWN).map((error) => oneText(error));
  const rest = errors.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${count(rest, 'more problem')}`] : [])].join('\n');
}

function oneText({ message, where, hint }: Pick<PipelineError, 'message' | 'where' | 'hint'>): string {
  const place = where === undefined ? '' : `${where}: `;
  const next = hint === undefined ? '' : `\n  ${styleText('dim', '->')} ${hint}`;
  return `${styleText('red', 'error:')} ${place}${message}${next}`;
}

function unexpected(error: unknown): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${styleText('red', 'error:')} a bug in batch-pipeline; please report it with the details below.\n${details}`;
}

/** Lines of a failed task's output in the final report. */
const OUTPUT_LINES = 8;

/** One failed task: sample, step, cause, the last lines of output, and the command that shows the rest. */
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
    `  debug: ${command} debug ${record.sample} ${record.step}`,
  ].join('\n');
}
