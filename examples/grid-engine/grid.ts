/** Grid Engine's commands, and what they print. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Variables of the calling process: `PATH`, `SGE_ROOT`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How long the scheduler may take to come back, for example after an update. */
export const PATIENCE_MS = 5 * 60_000;
const RETRY_MS = 2_000;
const OUTPUT_BYTES = 256 * 1024 * 1024;
const UNREACHABLE = /commlib error|unable to (contact|send message to) qmaster|can't connect|got (select|send) error/i;

/** A command that failed; the message is what it printed. */
export class GridError extends Error {
  readonly unreachable: boolean;

  constructor(command: string, printed: string) {
    super(`${command}: ${printed.trim()}`);
    this.unreachable = UNREACHABLE.test(printed);
  }
}

/**
 * Runs a command once.
 * @throws GridError
 */
export async function callOnce(environment: Environment, command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { env: { ...environment }, maxBuffer: OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new GridError(command, `${stdout}${stderr}` || message);
  }
}

/**
 * Runs a command that changes nothing, or that may be run twice, again while the scheduler cannot be reached.
 * @throws GridError
 */
export async function call(environment: Environment, command: string, args: readonly string[]): Promise<string> {
  return reaching(() => callOnce(environment, command, args));
}

/** Makes attempts while the scheduler cannot be reached. */
export async function reaching<T>(attempt: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof GridError && error.unreachable) || Date.now() > end) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Tasks of one job that the scheduler lists, by number from 1: `qw`, `hqw`, `r`, `Eqw`. */
export type ListedTasks = ReadonlyMap<number, string>;

/** The user's jobs that have not ended, by name: one command for any number of jobs. */
export async function listJobs(environment: Environment): Promise<ReadonlyMap<string, ListedTasks>> {
  const jobs = new Map<string, Map<number, string>>();
  for (const [, entry = ''] of (await call(environment, 'qstat', ['-xml'])).matchAll(
    /<job_list.*?>(.*?)<\/job_list>/gs,
  )) {
    const value = (tag: string) => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(entry)?.[1] ?? '';
    const tasks = jobs.get(value('JB_name')) ?? new Map<number, string>();
    jobs.set(value('JB_name'), tasks);
    for (const task of taskNumbers(value('tasks'))) tasks.set(task, value('state'));
  }
  return jobs;
}

/** `1,4-8:2` is 1, 4, 6 and 8. */
function taskNumbers(ranges: string): number[] {
  return ranges.split(',').flatMap((range) => {
    const [, first, last = first, step = 1] = /^(\d+)(?:-(\d+):(\d+))?$/.exec(range) ?? [];
    const count = Math.floor((Number(last) - Number(first)) / Number(step)) + 1;
    return first === undefined ? [] : Array.from({ length: count }, (_, i) => Number(first) + i * Number(step));
  });
}

/** The last entry that accounting has of a task. */
export interface Accounted {
  /** `0`, or a number and its meaning: `37 : qmaster enforced h_rt, h_cpu, or h_vmem limit`. */
  failed: string;
  exitStatus: number;
}

/** What accounting knows of a job's tasks, by number: it is written some time after their end. */
export async function accountedTasks(environment: Environment, job: string): Promise<ReadonlyMap<number, Accounted>> {
  const tasks = new Map<number, Accounted>();
  for (const entry of (await qacct(environment, job)).split(/^=+$/m)) {
    const value = (name: string) => new RegExp(`^${name} +(.*?) *$`, 'm').exec(entry)?.[1] ?? '';
    const task = Number(value('taskid'));
    if (task > 0) tasks.set(task, { failed: value('failed'), exitStatus: Number.parseInt(value('exit_status'), 10) });
  }
  return tasks;
}

/** It fails for a job that it does not know, and where nothing has been accounted yet. */
async function qacct(environment: Environment, job: string): Promise<string> {
  try {
    return await callOnce(environment, 'qacct', ['-j', job]);
  } catch (error) {
    if (error instanceof GridError) return '';
    throw error;
  }
}
