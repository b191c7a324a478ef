import { styleText } from 'node:util';
import type { Finding } from '../engine/engine.ts';
import type { RunEvent } from '../run/events.ts';
import { bytes, count } from './columns.ts';

/** One line for an event; `undefined` for those that are shown as progress, or not at all. */
export function eventText(event: RunEvent): string | undefined {
  switch (event.kind) {
    case 'reference-chosen':
      return `Reference ${event.reference}, the only one of the store.`;
    case 'comparing':
      return `Comparing ${count(event.files, 'input')} (${bytes(event.bytes)}) whose modification time changed with the checksums on record.`;
    case 'joined':
      return `Run ${event.run} is already working on this${event.otherName === undefined ? '' : `; no run named ${event.otherName} was started`}.`;
    case 'resumed':
      return `Run ${event.run}: its submission was cut short, and goes on.`;
    case 'code-edited':
      return editedText(event.steps);
    case 'retrying':
      return `Run ${event.run}: retrying ${count(event.tasks, 'task')} in ${count(event.jobs, 'job')}.`;
    case 'planned':
      return `Run ${event.run}: ${count(event.tasks, 'task')} in ${count(event.jobs, 'job')}, ${event.upToDate} up to date.`;
    case 'task-failed':
      return `${styleText('red', 'failed')} ${event.sample} ${event.step}: ${event.cause}`;
    case 'warning':
      return `${styleText('yellow', 'warning:')} ${event.message}`;
    case 'reference-added':
    case 'submitted':
    case 'progress':
    case 'finished':
      return undefined;
  }
}

function editedText(steps: readonly string[]): string {
  const subject = steps.length > 1 ? `steps ${steps.join(', ')} were` : `step ${steps.join('')} was`;
  return `warning: ${subject} edited since; this run keeps the code that it was planned with ("batch-pipeline run" uses the new code)`;
}

/** The warnings among these, each with what to do. */
export function warningTexts(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ level }) => level === 'warning')
    .map((finding) => (finding.hint === undefined ? text(finding) : `${text(finding)}\n  -> ${finding.hint}`));
}

/** A sentence, or one that goes on after its subject: `job role: none is given`. */
function text({ subject, message }: Finding): string {
  return /^[A-Z]/.test(message) ? message : `${subject}: ${message}`;
}
