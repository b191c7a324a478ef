import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { TEMP_SEGMENT } from '../check-key.ts';
import type { Unfinished } from '../store.ts';
import { attempt, isAbsent } from './folder-error.ts';

/** A file that nobody wrote to for a day was left by a process that was killed. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/** Gives out paths for unfinished files on the store's own filesystem, from where a rename or link publishes them. */
export interface TempArea {
  /** A path that nobody else has; its folder exists. */
  newPath(): string;
}

/** What lies in the area, of those who died and of those at work. */
export function listTempArea(root: string): Unfinished[] {
  const folder = join(root, TEMP_SEGMENT);
  return attempt(folder, 'read', () => namesIn(folder)).flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    const remove = async (): Promise<void> => rmSync(path, { force: true, recursive: true });
    return stats ? [{ name: `${TEMP_SEGMENT}/${name}`, size: stats.size, modified: stats.mtimeMs, remove }] : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Sweeps away, once, what killed processes left a day or more ago. */
export function tempArea(root: string): TempArea {
  const folder = join(root, TEMP_SEGMENT);
  let ready = false;
  return {
    newPath() {
      if (!ready) {
        makeFolder(folder);
        sweep(folder);
        ready = true;
      }
      return join(folder, randomUUID());
    },
  };
}

function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && Date.now() - stats.mtimeMs > LEFTOVER_AGE_MS) rmSync(path, { force: true, recursive: true });
  }
}

/** How often a folder may vanish under us, removed as empty by another process, before that is an error. */
const MAX_TRIES = 10;

/** Runs `place`, making the folders of `path` where they are missing: cheaper than asking first each time. */
export function withFolders<T>(path: string, place: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return place();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === MAX_TRIES) throw error;
      makeFolder(dirname(path));
    }
  }
}

/** As `mkdirSync` with `recursive`, which however says "no such file" of a read-only filesystem (Node 24). */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const isThere = systemCode(error) === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (isThere) return;
    if (systemCode(error) !== 'ENOENT') throw error;
    makeFolder(dirname(path));
    makeFolder(path);
  }
}
