import type { FailureCause } from '../../record/cause.ts';
import type { TaskVerdict } from '../engine.ts';
import { ScriptExit } from './script.ts';
import type { TaskRow } from './task-rows.ts';

type Finding = { cause: FailureCause; message: string; exitCode?: number };

/** Slurm 22.05 ends a task whose output file cannot be opened with this number as its signal. */
const OUTPUT_FILE_SIGNAL = 53;

/** bash(1): a command that a signal ended has this plus the signal's number as its code; Linux has 64 signals. */
const SHELL_SIGNAL = 128;
const LAST_SIGNAL = 64;

/** What slurmstepd writes into a task's output when it kills it for its memory. */
const MEMORY_LINE = /^slurmstepd.*(exceeded (job |step )?memory limit|oom.?kill)/im;

/**
 * Why a task failed, according to Slurm; `undefined` for one that did not fail, and for one that never ran because the
 * task before it failed. `log` is the end of the task's output: without cgroups only that shows that it was killed for
 * its memory.
 */
export function verdict(row: TaskRow, log: string): TaskVerdict | undefined {
  const found = finding(row, log);
  if (!found) return undefined;
  return { index: row.index, ...found, ...(row.restarts === undefined ? {} : { attempts: row.restarts + 1 }) };
}

function finding(row: TaskRow, log: string): Finding | undefined {
  switch (row.state) {
    case 'OUT_OF_MEMORY':
      return { cause: 'out-of-memory', message: 'Slurm: OUT_OF_MEMORY' };
    case 'TIMEOUT':
    case 'DEADLINE':
      return { cause: 'timeout', message: `Slurm: ${row.state}` };
    case 'PREEMPTED':
      return { cause: 'spot', message: 'Slurm: PREEMPTED, the node was given to another job' };
    case 'NODE_FAIL':
    case 'REVOKED':
      return { cause: 'lost', message: `Slurm: ${row.state}` };
    case 'BOOT_FAIL':
      return { cause: 'start', message: 'Slurm: BOOT_FAIL, the node did not start' };
    case 'CANCELLED':
      return row.reason === 'DependencyNeverSatisfied'
        ? undefined
        : { cause: 'cancelled', message: 'Slurm: CANCELLED' };
    case 'FAILED':
      return row.signal > 0 ? endedBySignal(row.signal, log) : endedByCode(row.exitCode, log);
    default:
      return undefined;
  }
}

function endedBySignal(signal: number, log: string): Finding {
  if (MEMORY_LINE.test(log))
    return { cause: 'out-of-memory', message: `Slurm: FAILED 0:${signal}, over its memory limit` };
  return signal === OUTPUT_FILE_SIGNAL
    ? { cause: 'start', message: `Slurm: FAILED 0:${signal}, the output file could not be opened` }
    : { cause: 'lost', message: `Slurm: FAILED 0:${signal}, the runner was killed by signal ${signal}` };
}

function endedByCode(exitCode: number, log: string): Finding {
  const says = `Slurm: FAILED ${exitCode}:0`;
  if (MEMORY_LINE.test(log)) return { cause: 'out-of-memory', message: `${says}, over its memory limit`, exitCode };
  switch (exitCode) {
    case ScriptExit.tryAgain:
      return { cause: 'lost', message: `${says}, no attempt is left`, exitCode };
    case ScriptExit.notStarted:
    case ScriptExit.notExecutable:
    case ScriptExit.notFound:
      return { cause: 'start', message: `${says}, the runner could not be started`, exitCode };
  }
  // The script outlives its runner and reports a signal as shells do.
  const signal = exitCode - SHELL_SIGNAL;
  return signal > 0 && signal <= LAST_SIGNAL
    ? { cause: 'lost', message: `${says}, the runner was killed by signal ${signal}`, exitCode }
    : { cause: 'tool', message: says, exitCode };
}
