/** A value in a shell template: always whole arguments, never split, never seen by a shell. */
export type ShellValue = string | number | readonly (string | number)[];

export interface ShellOptions {
  /** Write stdout to this file instead of the attempt's log. */
  stdoutTo?: string;
  /** Variables added to the tool's environment. */
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are no failure; default only 0. */
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
 * (or is glued to the text it touches), an interpolated array several.
 * Output goes to the attempt's log. A failure throws a `StepFailure` with the cause.
 * @example await $`kallisto quant -i ${index} -o ${folder} --plaintext ${flags} ${[r1, r2]}`;
 * @example const { stdout } = await $({ quiet: true })`samtools flagstat -O json ${bam}`;
 */
export interface Shell {
  (template: TemplateStringsArray, ...values: readonly ShellValue[]): Promise<ToolResult>;
  (options: ShellOptions): Shell;
}
