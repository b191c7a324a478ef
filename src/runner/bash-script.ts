import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { ShellValue } from '../pipeline/shell.ts';
import { StepFailure } from '../pipeline/step.ts';
import { typedTexts } from './template-argv.ts';

/**
 * Before the script, on its first line: any command that fails ends it and reports where, even where bash itself would
 * not notice, as in `<(…)`. The report goes to a file of its own, the first argument, because all tools share the log.
 * Values are the other arguments, which avoids the length limit of a script.
 */
const PREAMBLE = [
  'set -Eeuo pipefail',
  'shopt -s inherit_errexit',
  'exec {bp_report}>>"$1"',
  `trap 'echo "$LINENO \${PIPESTATUS[*]}" >&$bp_report' ERR`,
  'bp_values=("${@:2}")',
  'set --; ',
].join('; ');

/**
 * The argument list of a bash script; a value is a whole argument in it, an array several, whatever characters they
 * have. Failures in the script are appended to the file `report`; see `bashFailures`.
 */
export function bashArgv(template: TemplateStringsArray, values: readonly ShellValue[], report: string): string[] {
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
  return ['bash', '-c', PREAMBLE + script, 'bash', report, ...args];
}

function arrayReference(start: number, length: number): string {
  return length === 0 ? '' : `"\${bp_values[@]:${start}:${length}}"`;
}

/** A value is already quoted: inside the template's own quotes it would be split or not expanded. */
function refuseQuoted(script: string, what: string): void {
  if (/<<(?!<)/.test(script.replaceAll('<<<', ''))) {
    throw new StepFailure('tool', `${what} in $.bash follows a <<`, {
      hint: 'Pass the text with <<< ${…}. Where << is a shift, or its text has ended, write x=${…} in front of it, and "$x" after it.',
    });
  }
  if (!/['"]/.test(openQuote(script))) return;
  throw new StepFailure('tool', `${what} in $.bash is inside quotes`, {
    hint: 'Leave out the quotes: values are quoted already. Pass a value to awk with -v name=${…}.',
  });
}

/** The quote still open at the end of a script; empty for none. */
function openQuote(script: string): string {
  const closed = /\\[^]|'[^']*'|"(?:\\[^]|[^"\\])*"|(?<=^|[\s;])#.*/g;
  return script.replaceAll(closed, '').match(/['"]/)?.[0] ?? '';
}

/** Prefix of the names of reports in the scratch folder. */
export const BASH_REPORT = '.bash-report-';

/** A command or pipe of a script that failed. */
export interface BashFailure {
  line: string;
  /** Of each part of the pipe. */
  codes: number[];
}

/** Reads the report of a script that has ended, in the order of the failures, and removes it. */
export function bashFailures(report: string): BashFailure[] {
  if (!existsSync(report)) return [];
  const lines = readFileSync(report, 'utf8').matchAll(/^(\d+) ([\d ]+)$/gm);
  const failures = [...lines].map(([, line = '', codes = '']) => ({
    line,
    codes: codes.trim().split(' ').map(Number),
  }));
  rmSync(report, { force: true });
  return failures;
}

/** Where a script failed, for a message. */
export function whereFailed({ line, codes }: BashFailure): string {
  return codes.length > 1 ? ` in line ${line}: exit codes ${codes.join(' | ')}` : ` in line ${line}`;
}

/**
 * A command that can be pasted into a shell in the scratch folder: arguments quoted where necessary, paths below the
 * folder relative to it, and the values of a `bashArgv` script filled in.
 */
export function pasteable(argv: readonly string[], scratch: string): string {
  const shellWord = (text: string): string => quoted(relative(text, scratch));
  const [program, , script = '', , , ...values] = argv;
  if (program !== 'bash' || !script.startsWith(PREAMBLE)) return argv.map(shellWord).join(' ');
  const text = script.slice(PREAMBLE.length).replaceAll(REFERENCE, (_, one: string, start: string, length: string) => {
    const range =
      one === undefined ? values.slice(Number(start), Number(start) + Number(length)) : [values[Number(one)]];
    return range.map((value) => shellWord(value ?? '')).join(' ');
  });
  return `bash -Eeuo pipefail -O inherit_errexit -c ${quoted(text)}`;
}

/** What `bashArgv` writes for a value, or for an array. */
const REFERENCE = /"\$\{bp_values\[(?:(\d+)\]|@\]:(\d+):(\d+))\}"/g;

function relative(text: string, scratch: string): string {
  return text === scratch || text === `${scratch}/` ? '.' : text.replaceAll(`${scratch}/`, '');
}

function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
