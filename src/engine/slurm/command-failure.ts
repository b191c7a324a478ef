import { ExitCode, PipelineError } from '../../errors.ts';
import type { CommandResult, SlurmProgram } from './slurm-commands.ts';

/**
 * - `away`: the controller did not answer, or its answer was lost: what was asked may have been done.
 * - `full`: the controller has no room for more jobs now, and has taken nothing.
 * - `refused`: it said no, and would again.
 */
export type FailureKind = 'away' | 'full' | 'refused';

/** Slurm's own words (slurm_errno.c, strerror). */
const AWAY =
  /unable to contact slurm|connection (refused|reset|timed out)|connect failure|communication (connection|send|receive|shutdown) |socket timed out|zero bytes were transmitted|transport endpoint|no route to host|network is unreachable|standby mode|not responding/i;

const FULL = /resource temporarily unavailable|temporarily unable to accept job/i;

/** What became of a command that failed; `undefined` if it did not. */
export function failureKind({ exitCode, stderr }: CommandResult): FailureKind | undefined {
  if (exitCode === 0) return undefined;
  if (exitCode === undefined || AWAY.test(stderr)) return 'away';
  return FULL.test(stderr) ? 'full' : 'refused';
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/invalid partition/i, 'See the partitions with `sinfo`, and name one with the partition option.'],
  [/invalid account/i, 'See your accounts with `sacctmgr show associations user=$USER`.'],
  [/invalid qos/i, 'See your QOS with `sacctmgr show associations user=$USER format=qos`.'],
  [/invalid feature/i, 'See the features of nodes with `sinfo --Format=NodeList,Features`.'],
  [/node configuration is not available|can not be satisfied/i, 'No node has that much: ask for less in this step.'],
  [/time limit/i, 'Ask for less time in this step, or name a partition that allows more.'],
  [/QOS policy|accounting\/qos/i, "The site's limits for you are reached: submit fewer samples, or wait."],
];

/** The error of a command that was refused, in Slurm's words. */
export function refusal(program: SlurmProgram, { stderr }: CommandResult, where?: string): PipelineError {
  const words = plainWords(stderr);
  const hint = refusalHint(stderr);
  return new PipelineError({
    code: 'slurm-refused',
    message: `${program} says: ${words === '' ? 'nothing' : words}`,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
    exitCode: ExitCode.environment,
  });
}

/** What to do about a refusal in these words, where that is known. */
export function refusalHint(stderr: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(stderr))?.[1];
}

/** Slurm's lines without the program's name before each. */
export function plainWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\w+: (error: )?/, '').trim());
  return [...new Set(lines.filter((line) => line !== ''))].join('; ');
}
