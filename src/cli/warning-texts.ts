import type { Finding } from '../engine/engine.ts';

/** The warnings among these, each with what to do. */
export function warningTexts(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ level }) => level === 'warning')
    .map(({ message, hint }) => (hint === undefined ? message : `${message}\n  ${hint}`));
}
