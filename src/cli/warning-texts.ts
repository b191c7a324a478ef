import type { Finding } from '../engine/engine.ts';

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
