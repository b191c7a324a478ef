/** What the folder of a job holds: see task.sh. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ElementState, JobStatus, TaskVerdict } from 'batch-pipeline';
import { type Accounted, accountedTasks, type Environment, type ListedTasks } from './grid.ts';

export interface Job {
  /** Its id as well: Grid Engine's commands take either. */
  name: string;
  folder: string;
  environment: Environment;
}

/** How long accounting may take to mention a task that has ended without a report. */
const ACCOUNTING_PATIENCE_MS = 60_000;

/**
 * Number of tasks.
 * @throws Error for a job that was never submitted
 */
export function sizeOf({ folder }: Pick<Job, 'folder'>): number {
  const size = read(join(folder, 'size'));
  if (size === undefined) throw new Error(`There is no job ${basename(folder)}`);
  return Number(size);
}

function exists({ folder }: Job): boolean {
  return existsSync(join(folder, 'size'));
}

/** Why it was cancelled, if it was. */
function reasonOf({ folder }: Job): string | undefined {
  return read(join(folder, 'cancelled'));
}

/** What a task has printed so far. */
export function logOf({ folder }: Job, index: number): string | undefined {
  return read(join(folder, `${index + 1}.log`));
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** `listed`: its tasks that have not ended. */
export function isSubmitted({ folder }: Pick<Job, 'folder'>, listed: ListedTasks | undefined): boolean {
  return listed !== undefined || existsSync(join(folder, 'submitted')) || outcomes(folder).size > 0;
}

/** How tasks have ended, by number from 1: an exit code, `skipped` or `out-of-memory`. */
function outcomes(folder: string): Map<number, string> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.map((name) => /^(\d+)\.ended\.(.+)$/.exec(name));
  return new Map(found.filter((match) => match !== null).map(([, task, outcome = '']) => [Number(task), outcome]));
}

/** `listed`: its tasks that have not ended, as the scheduler listed them before. */
export async function readStatus(job: Job, listed: ListedTasks): Promise<JobStatus> {
  const { name: jobId, folder } = job;
  const counts = { pending: 0, runnable: 0, starting: 0, running: 0, succeeded: 0, failed: 0 };
  if (!exists(job)) return { jobId, state: 'unknown', counts };
  const ended = outcomes(folder);
  const numbers = Array.from({ length: sizeOf(job) }, (_, i) => i + 1);
  const silent = numbers.filter((task) => !ended.has(task) && !listed.has(task));
  const lost = await endedSilently(job, silent);
  for (const task of numbers) counts[stateOf(ended.get(task), listed.get(task), lost.has(task))] += 1;
  const status = { jobId, state: overall(counts), counts };
  const inError = [...listed.values()].some((state) => state.includes('E'));
  if (!inError) return status;
  return { ...status, stuck: `Tasks of ${jobId} are in an error state: see qstat -j ${jobId}, then qmod -cj ${jobId}` };
}

function stateOf(outcome: string | undefined, listed: string | undefined, isLost: boolean): ElementState {
  if (outcome !== undefined) return outcome === '0' ? 'succeeded' : 'failed';
  if (listed === undefined) return isLost ? 'failed' : 'running';
  if (listed.includes('h')) return 'pending';
  return listed.includes('q') ? 'runnable' : listed.includes('t') ? 'starting' : 'running';
}

function overall(counts: JobStatus['counts']): ElementState {
  const live = (['running', 'starting', 'runnable', 'pending'] as const).find((state) => counts[state] > 0);
  return live ?? (counts.failed > 0 ? 'failed' : 'succeeded');
}

/**
 * Those of these tasks, which the scheduler does not list and which left no outcome, that have ended for sure: a killed
 * one is in accounting, sooner or later, and a cancelled one may not be.
 */
async function endedSilently(job: Job, tasks: readonly number[]): Promise<ReadonlySet<number>> {
  if (tasks.length === 0) return new Set();
  if (reasonOf(job) !== undefined) return new Set(tasks);
  const accounted = await accountedTasks(job.environment, job.name);
  return new Set(tasks.filter((task) => accounted.has(task) || silentForMs(job.folder, task) > ACCOUNTING_PATIENCE_MS));
}

/** Since a process first saw that it is. */
function silentForMs(folder: string, task: number): number {
  const note = join(folder, `${task}.silent`);
  if (!existsSync(note)) writeFileSync(note, '');
  return Date.now() - statSync(note).mtimeMs;
}

/** Why tasks failed: none for those that did not, and for those that had nothing to start from. */
export async function readVerdicts(job: Job, indices: readonly number[]): Promise<TaskVerdict[]> {
  if (!exists(job)) return [];
  const ended = outcomes(job.folder);
  const isSilent = indices.some((index) => !ended.has(index + 1));
  const accounted = isSilent ? await accountedTasks(job.environment, job.name) : new Map<number, Accounted>();
  return indices.flatMap((index) => {
    const task = index + 1;
    const attempts = Number(read(join(job.folder, `${task}.try`)) ?? 0);
    const outcome = ended.get(task);
    const cause = outcome === undefined ? silentCause(job, accounted.get(task), attempts) : causeOf(outcome);
    return cause ? [{ index, attempts: Math.max(1, attempts), ...cause }] : [];
  });
}

type Cause = Pick<TaskVerdict, 'cause' | 'message' | 'exitCode'>;

/** bash(1): a command that a signal ended has this plus the signal's number as its exit code. */
const SHELL_SIGNAL = 128;

function causeOf(outcome: string): Cause | undefined {
  if (outcome === '0' || outcome === 'skipped') return undefined;
  if (outcome === 'out-of-memory') return { cause: 'out-of-memory', message: 'It took more memory than it asked for' };
  const exitCode = Number(outcome);
  if (exitCode > SHELL_SIGNAL)
    return { cause: 'lost', message: `The runner was killed by signal ${exitCode - SHELL_SIGNAL}`, exitCode };
  if (exitCode === 126 || exitCode === 127)
    return { cause: 'start', message: 'The runner could not be started', exitCode };
  return { cause: 'lost', message: `The runner exited with ${exitCode}`, exitCode };
}

function silentCause(job: Job, accounted: Accounted | undefined, attempts: number): Cause | undefined {
  const reason = reasonOf(job);
  if (reason !== undefined) return attempts > 0 ? { cause: 'cancelled', message: reason } : undefined;
  if (!accounted) return { cause: 'lost', message: 'Grid Engine has forgotten the task, and it left no outcome' };
  const message = `Grid Engine: failed ${accounted.failed}, exit status ${accounted.exitStatus}`;
  return { cause: /h_rt/.test(accounted.failed) ? 'timeout' : 'lost', message, exitCode: accounted.exitStatus };
}
