import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { isProcessAlive, processStart } from '../record/proc.ts';
import type { AttemptId, TaskRef } from '../record/keys.ts';

/** Name of the attempt's log in its scratch folder; `logs` follows it there. */
export const LOG_FILE = 'attempt.log';

/** Name of the file that names the owner of a scratch folder. */
export const OWNER_FILE = 'task.json';

/** Where a task that is debugged finds the code of its run, and the declared files that its commands name. */
export const CODE_FOLDER = '.code';

/** This program's own files in a scratch folder. */
export const OWN_NAMES: readonly string[] = [LOG_FILE, OWNER_FILE, CODE_FOLDER, 'inputs'];

/** The content of `OWNER_FILE`. */
export type ScratchOwner = AttemptId & TaskRef;

/**
 * Scratch folders are named `<host>.<pid>-<start>.<number>`, so that a later runner can tell which owners have died.
 */
let made = 0;
const owner = `${process.pid}-${processStart(process.pid)}`;

/** Makes an empty folder for one attempt. */
export function makeScratch(root: string, host: string): string {
  made += 1;
  const folder = join(root, `${host}.${owner}.${made}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * The scratch folder of an attempt on `host`, found in the arguments of its tools; a text that is in no path if none
 * has it.
 */
export function scratchNamed(host: string, args: readonly string[]): string {
  const name = new RegExp(`/(?:[^/]+/)*${host.replaceAll(/\W/g, String.raw`\$&`)}\\.\\d+-\\d*\\.\\d+(?=/|$)`);
  return args.flatMap((arg) => name.exec(arg)?.[0] ?? [])[0] ?? '\0';
}

/** New place for a kept scratch folder: under a name that `sweepScratch` does not remove. */
export function keptScratch(root: string, { run, step, sample, submission, attempt }: ScratchOwner): string {
  return join(root, 'kept', [run, step, sample, submission, attempt].join('.'));
}

export function keepScratch(folder: string, kept: string): void {
  removeScratch(kept);
  mkdirSync(dirname(kept), { recursive: true });
  renameSync(folder, kept);
}

export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Removes what runners of this host left behind when they were killed, and stops tools that are still running there: a
 * killed runner cannot stop them itself.
 */
export function sweepScratch(root: string, host: string): void {
  for (const name of listFolder(root)) {
    const [, ownerHost, pid, start = ''] = /^(.+)\.(\d+)-(\d*)\.\d+$/.exec(name) ?? [];
    if (ownerHost !== host || isProcessAlive(Number(pid), start)) continue;
    const folder = join(root, name);
    killWorkingIn(folder);
    removeScratch(folder);
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Linux only: elsewhere /proc does not exist and orphans end by themselves. */
function killWorkingIn(folder: string): void {
  for (const pid of listFolder('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      if (cwd === folder || cwd.startsWith(folder + sep)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Removed meanwhile, or owned by another user.
    }
  }
}
