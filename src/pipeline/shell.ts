/** A value in a shell template: always whole arguments, never split, never seen by a shell. */
export type ShellValue = string | number | readonly (string | number)[];

export interface ShellOptions {
  /** Write stdout to this file instead of the attempt's log. */
  stdoutTo?: string;
  /** Variables added to the tool's environment. */
  env?: Readonly<Record<string, string>>;
  /** Exit codes that count as success; default: only 0. */
  allowExitCodes?: readonly number[];
  /** Keep stdout out of the log: it is returned, and of no interest to a reader. */
  quiet?: boolean;
}

export interface ToolResult {
  exitCode: number;
  /** The last 1 MiB. Empty with `stdoutTo`. */
  stdout: string;
  /** The last 1 MiB. */
  stderr: string;
}

/**
 * Runs one tool. The template is cut at spaces into arguments; an interpolated value is one argument
 * (or is glued to the text it touches), an interpolated array several. Quotes group words as in a shell; what only a
 * shell understands, such as `|` or `>`, is refused.
 * Output goes to the attempt's log. A failure throws a `StepFailure` with the cause. Every call has to be awaited.
 * @example await $`bwa mem -t ${cpus} ${flags} ${index} ${[r1, r2]}`;
 * @example const { stdout } = await $({ quiet: true })`samtools flagstat -O json ${bam}`;
 */
export interface Shell {
  (template: TemplateStringsArray, ...values: readonly ShellValue[]): Promise<ToolResult>;
  (options: ShellOptions): Shell;
  /**
   * Runs a bash script, for pipes and lists of commands: `set -euo pipefail`, so that it fails when any part fails. A
   * value is one quoted argument, an array several, whatever characters they have; the text is bash's as it stands.
   * @example await $({ stdoutTo: table }).bash`samtools view ${bam} | cut -f 3 | sort | uniq -c`;
   */
  readonly bash: (template: TemplateStringsArray, ...values: readonly ShellValue[]) => Promise<ToolResult>;
}
