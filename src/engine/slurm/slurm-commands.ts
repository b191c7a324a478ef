import { execa } from 'execa';
import { ExitCode, PipelineError } from '../../errors.ts';
import { given } from '../../given.ts';
import { type Patience, Waits } from '../patience.ts';

export type SlurmProgram = 'sbatch' | 'squeue' | 'sacct' | 'scancel' | 'scontrol' | 'sinfo';

export interface CommandResult {
  /** `undefined` if the program was killed. */
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

/** The only access to Slurm: runs a command and returns its result, failed or not. */
export type RunSlurm = (program: SlurmProgram, args: readonly string[], call?: CommandCall) => Promise<CommandResult>;

/** sbatch itself waits up to 2 minutes for a controller that is full. */
const TIMEOUT_MS = 180_000;

/** Variables of the submitting environment that a job receives; all others are dropped. */
const KEPT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'SLURM_CONF', 'SLURM_CONF_SERVER'];

/**
 * Commands run in a clean environment: SQUEUE_FORMAT, SBATCH_PARTITION and the like would change their behaviour, and
 * sbatch passes its whole environment to the job.
 * @throws PipelineError `slurm-missing` from the call, if there is no such program
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

/**
 * - `away`: the controller did not answer, or its answer was lost: the request may have been carried out.
 * - `full`: the controller is at its limit of jobs, and has accepted nothing.
 * - `refused`: it refused the request, and would again.
 */
export type FailureKind = 'away' | 'full' | 'refused';

/** Slurm's own messages (slurm_errno.c, strerror). */
const AWAY =
  /unable to contact slurm|connection (refused|reset|timed out)|connect failure|communication (connection|send|receive|shutdown) |socket timed out|zero bytes were transmitted|transport endpoint|no route to host|network is unreachable|standby mode|not responding/i;

const FULL = /resource temporarily unavailable|temporarily unable to accept job/i;

/** Classifies a failed command; `undefined` if it did not fail. */
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

/** The error of a refused command, with Slurm's message. */
export function refusal(program: SlurmProgram, { stderr }: CommandResult, where?: string): PipelineError {
  const words = plainWords(stderr);
  const hint = refusalHint(stderr);
  return new PipelineError({
    code: 'slurm-refused',
    message: `${program} says: ${words === '' ? 'nothing' : words}`,
    ...given({ where, hint }),
    exitCode: ExitCode.environment,
  });
}

/** What to do about a refusal in these words, if known. */
export function refusalHint(stderr: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(stderr))?.[1];
}

/** Slurm's lines without the program's name before each. */
export function plainWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\w+: (error: )?/, '').trim());
  return [...new Set(lines.filter((line) => line !== ''))].join('; ');
}

/**
 * Asks until there is an answer: for queries, which may be repeated. A refusal is an answer.
 * @throws PipelineError `slurm-away` once patience is exhausted.
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

/** As `ask`, for queries that cannot be refused. */
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

/** The error for a controller that stayed unreachable or full for too long. */
export function outOfPatience(program: SlurmProgram, result: CommandResult, { totalMs }: Patience): PipelineError {
  const seconds = Math.round(totalMs / 1000);
  const words = plainWords(result.stderr) || 'no answer';
  const full = failureKind(result) === 'full';
  return new PipelineError({
    code: full ? 'slurm-full' : 'slurm-away',
    message: `${program} got no further in ${seconds} s: ${words}`,
    hint: full
      ? 'Slurm accepts no more tasks (MaxJobCount). Submitted ones continue; submit fewer samples at a time.'
      : 'Submitted jobs continue. `scontrol ping` shows when the controller answers again.',
    exitCode: ExitCode.environment,
  });
}
