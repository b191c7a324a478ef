import type { ShellValue } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';
import { typedTexts } from './template-argv.ts';

/**
 * Before the script, on its first line: any command that fails ends it, and says where, also where bash itself would
 * not notice, as in `<(…)`. Values are taken from the arguments: a script has no limit of length for them.
 */
const PREAMBLE = [
  'set -Eeuo pipefail',
  'shopt -s inherit_errexit',
  'exec {bp_log}>&2',
  `trap 'echo "batch-pipeline: bash line $LINENO: exit code \${PIPESTATUS[*]}" >&$bp_log' ERR`,
  'bp_values=("$@")',
  'set --; ',
].join('; ');

/** What the trap above prints. */
const FAILED = /^batch-pipeline: bash line (\d+): exit code ([\d ]+)$/m;

/** The argument list of a bash script; a value is a whole argument in it, an array several, whatever characters they have. */
export function bashArgv(template: TemplateStringsArray, values: readonly ShellValue[]): string[] {
  const texts = typedTexts(template);
  const args: string[] = [];
  let script = '';
  for (const [i, text] of texts.entries()) {
    script += text;
    if (i >= values.length) continue;
    refuseQuoted(script, `\${…} number ${i + 1}`);
    const value = values[i] as ShellValue;
    const items = typeof value === 'object' ? value : [value];
    script += typeof value === 'object' ? arrayReference(args.length, items.length) : `"\${bp_values[${args.length}]}"`;
    args.push(...items.map(String));
  }
  return ['bash', '-c', PREAMBLE + script, 'bash', ...args];
}

function arrayReference(start: number, length: number): string {
  return length === 0 ? '' : `"\${bp_values[@]:${start}:${length}}"`;
}

/** A value is quoted already: within quotes of the template's own it would be cut, or never be seen. */
function refuseQuoted(script: string, what: string): void {
  if (/<<(?!<)/.test(script.replaceAll('<<<', ''))) {
    throw new StepFailure('tool', `${what} in $.bash follows a <<`, {
      hint: 'Write the text to a file in scratch, or hand it over with <<< ${…}.',
    });
  }
  if (!/['"]/.test(openQuote(script))) return;
  throw new StepFailure('tool', `${what} in $.bash stands within quotes`, {
    hint: 'Leave the quotes out, values are quoted already; hand a value to awk with -v name=${…}.',
  });
}

/** The quote that is open at the end of a script; empty for none. */
function openQuote(script: string): string {
  const closed = /\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|(?<=^|[\s;])#.*/g;
  return script.replaceAll(closed, '').match(/['"]/)?.[0] ?? '';
}

/** Where a script failed, by what it printed; `undefined` if no part of it did. */
export function bashFailure(printed: string): { where: string; codes: number[] } | undefined {
  const [, line, list] = FAILED.exec(printed) ?? [];
  if (line === undefined || list === undefined) return undefined;
  const codes = list.trim().split(' ').map(Number);
  return {
    where: codes.length > 1 ? ` in line ${line}: exit codes ${codes.join(' | ')}` : ` in line ${line}`,
    codes,
  };
}
