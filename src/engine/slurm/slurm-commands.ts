import { execa } from 'execa';
import { ExitCode, PipelineError } from '../../errors.ts';

export type SlurmProgram = 'sbatch' | 'squeue' | 'sacct' | 'scancel' | 'scontrol' | 'sinfo';

export interface CommandResult {
  /** `undefined` where the program was ended before it could say. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export interface CommandCall {
  /** Standard input; none without it. */
  input?: string;
  /** Added to the environment of the call. */
  environment?: Readonly<Record<string, string>>;
  timeoutMs?: number;
}

/** The one door to Slurm: runs a command and returns whatever came of it. */
export type RunSlurm = (program: SlurmProgram, args: readonly string[], call?: CommandCall) => Promise<CommandResult>;

/** sbatch itself waits up to 2 minutes for a controller that is full. */
const TIMEOUT_MS = 180_000;

/** What a job needs to know of where it was submitted; all else stays behind. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'SLURM_CONF', 'SLURM_CONF_SERVER'];

/**
 * Commands run in an environment of their own: SQUEUE_FORMAT, SBATCH_PARTITION and their like would change what they
 * do, and sbatch hands its whole environment to the job.
 * @throws PipelineError `slurm-missing` from the call, where there is no such program.
 */
export function slurmCommands(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): RunSlurm {
  const base = Object.fromEntries(KEPT.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
  return async (program, args, { input, environment: more, timeoutMs = TIMEOUT_MS } = {}) => {
    const result = await execa(program, args, {
      env: { ...base, ...more },
      extendEnv: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      reject: false,
      timeout: timeoutMs,
      cancelSignal: signal,
    });
    signal.throwIfAborted();
    if (result.code === 'ENOENT') throw missing(program);
    return { exitCode: result.exitCode, stdout: String(result.stdout), stderr: String(result.stderr) };
  };
}

function missing(program: SlurmProgram): PipelineError {
  return new PipelineError({
    code: 'slurm-missing',
    message: `There is no ${program} on PATH`,
    hint: "Run this on a login node of the cluster, or load the site's Slurm module first.",
    exitCode: ExitCode.environment,
  });
}
