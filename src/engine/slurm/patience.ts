import { ExitCode, PipelineError } from '../../errors.ts';
import { type Patience, Waits } from '../patience.ts';
import { failureKind, plainWords, refusal } from './command-failure.ts';
import type { CommandCall, CommandResult, RunSlurm, SlurmProgram } from './slurm-commands.ts';

/**
 * Asks until there is an answer: for questions, which may be asked twice. A refusal is an answer.
 * @throws PipelineError `slurm-away` once patience is at its end.
 */
export async function ask(
  run: RunSlurm,
  patience: Patience,
  program: SlurmProgram,
  args: readonly string[],
  call?: CommandCall,
): Promise<CommandResult> {
  const waits = new Waits(patience);
  for (;;) {
    const result = await run(program, args, call);
    const kind = failureKind(result);
    if (kind !== 'away' && kind !== 'full') return result;
    if (!(await waits.wait())) throw outOfPatience(program, result, patience);
  }
}

/** As `ask`, for questions to which the answer cannot be no. */
export async function askOutput(
  run: RunSlurm,
  patience: Patience,
  program: SlurmProgram,
  args: readonly string[],
): Promise<string> {
  const result = await ask(run, patience, program, args);
  if (result.exitCode !== 0) throw refusal(program, result);
  return result.stdout;
}

/** What to say when a controller stayed away or full for longer than anybody waits. */
export function outOfPatience(program: SlurmProgram, result: CommandResult, { totalMs }: Patience): PipelineError {
  const seconds = Math.round(totalMs / 1000);
  const words = plainWords(result.stderr) || 'no answer';
  const full = failureKind(result) === 'full';
  return new PipelineError({
    code: full ? 'slurm-full' : 'slurm-away',
    message: `${program} got no further in ${seconds} s: ${words}`,
    hint: full
      ? 'Slurm has no room for more tasks (MaxJobCount). Those submitted go on; submit fewer samples at a time.'
      : 'Jobs that were submitted go on. `scontrol ping` tells when the controller is back.',
    exitCode: ExitCode.environment,
  });
}
