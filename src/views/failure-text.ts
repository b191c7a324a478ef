import { styleText } from 'node:util';
import type { AttemptRecord } from '../record/attempt-record.ts';

/** Lines of a failed task's output on the closing screen. */
const LINES = 8;

/** One failed task on one screen: who, where, why, the last lines, and the command that shows the rest. */
export function failureText(record: AttemptRecord, command: string): string {
  const title = `${styleText('red', 'failed')} ${styleText('bold', record.sample)} in step ${styleText('bold', record.step)}: ${record.cause}`;
  const message = (record.message ?? '').split('\n').slice(0, LINES);
  const tail = record.stderrTail.slice(-LINES);
  return [
    title,
    ...message.map((line) => `  ${line}`),
    ...(record.hint ? [`  ${styleText('dim', '->')} ${record.hint}`] : []),
    ...tail.map((line) => styleText('dim', `  | ${line}`)),
    `  log: ${command} logs ${record.sample} ${record.step}`,
  ].join('\n');
}
