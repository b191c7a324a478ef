import type { RunEvent } from '../run/events.ts';
import type { RunPlan } from '../run/plan-run.ts';
import { eventText, warningTexts } from '../views/event-text.ts';
import { notice } from './print.ts';

/** Prints what planning, starting or retrying a run reports. */
export function showEvent(event: RunEvent): void {
  const text = eventText(event);
  if (text !== undefined) notice(text);
}

/** One line of JSON on stdout, for programs. */
export function printEvent(event: RunEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** The remarks on a plan, each with what to do. */
export function showWarnings({ warnings, findings }: Pick<RunPlan, 'warnings' | 'findings'>): void {
  for (const warning of [...warnings, ...warningTexts(findings)]) notice(`warning: ${warning}`);
}
