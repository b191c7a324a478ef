/** A program that a step needs, how to find it, and how to tell its version. */
export interface Tool<Name extends string = string> {
  readonly name: Name;
  /**
   * Ways to call it, in order of preference: the first whose program is on PATH (and whose absolute paths exist) is taken.
   * @example [['gatk'], ['java', '-jar', '/opt/gatk/gatk.jar']]
   */
  readonly commands: readonly (readonly string[])[];
  /** Arguments that print the version (any exit code), and where it stands in the output. */
  readonly version: { readonly args: readonly string[]; readonly pattern: RegExp };
  /** What this build of the tool must be able to do: arguments to run, and what the output must show. */
  readonly requires?: { readonly args: readonly string[]; readonly pattern: RegExp; readonly message: string };
  /** Package names, for the message that tells how to install it. */
  readonly install: { readonly debian: string; readonly conda: string };
}

/**
 * Describes a tool that several steps share, and keeps its name for the compiler: `tool('samtools')` compiles in the steps
 * that declare it, and nowhere else.
 * @example const samtools = defineTool({ name: 'samtools', commands: [['samtools']], … });
 */
export function defineTool<const Name extends string>(tool: Tool<Name>): Tool<Name> {
  return tool;
}
