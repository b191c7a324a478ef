import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineJob, TaskResources } from 'batch-pipeline';

/** Least memory of a task, in MiB: the runner itself takes some of it. */
const LEAST_MEMORY_MIB = 512;

/** MiB that a task is given. */
export function memoryOf({ memoryMiB }: TaskResources): number {
  return Math.max(memoryMiB, LEAST_MEMORY_MIB);
}

/** Jobs that have to have succeeded, in the task of the same number or in all tasks. */
export interface Needs {
  /** Folders. */
  sameTask: readonly string[];
  /** Folders and numbers of tasks. */
  allTasks: readonly (readonly [folder: string, size: number])[];
}

/** The script of a job: variables, then task.sh. */
export function jobScript(job: EngineJob, folder: string, needs: Needs, command: readonly string[]): string {
  const own = {
    folder: quote(folder),
    same_task: list(needs.sameTask),
    all_tasks: list(needs.allTasks.flat().map(String)),
    attempts: String(job.attempts),
    memory_mib: String(memoryOf(job.resources)),
    command: list(command),
  };
  return [
    '#!/bin/bash',
    ...Object.entries(own).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(job.environment).map(([name, value]) => `export ${name}=${quote(value)}`),
    readFileSync(join(import.meta.dirname, 'task.sh'), 'utf8'),
  ].join('\n');
}

function list(words: readonly string[]): string {
  return `(${words.map(quote).join(' ')})`;
}

/** One word of a shell command. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
