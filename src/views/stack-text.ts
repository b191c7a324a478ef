import type { StackChange, StackEvent } from '../deploy/stack/cloudformation-api.ts';
import { columns, count } from './columns.ts';

const SIGNS = { add: '+', modify: '~', replace: '!', remove: '-' } as const;

/** What a deployment would change, one line per resource. */
export function changesText(stack: string, changes: readonly StackChange[]): string {
  if (changes.length === 0) return `Nothing to change: stack ${stack} is as asked for.`;
  const rows = changes.map(({ action, resource, type }) => [`${SIGNS[action]} ${action}`, resource, type]);
  const replaced = changes.filter(({ action }) => action === 'replace').length;
  const warning = replaced > 0 ? `\n${count(replaced, 'resource')} would be made anew, or may have to be.` : '';
  return `${columns(rows)}\n${count(changes.length, 'change')} to stack ${stack}; nothing is done yet.${warning}`;
}

/** One line of progress. */
export function stackEventText({ resource, type, status, reason }: StackEvent): string {
  const why = reason === undefined || /user initiated/i.test(reason) ? '' : `: ${reason}`;
  return `${status}  ${resource} (${type})${why}`;
}
