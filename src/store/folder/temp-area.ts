import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../../errors.ts';
import { TEMP_SEGMENT } from '../check-key.ts';
import type { Unfinished } from '../store.ts';
import { attempt, isAbsent } from './folder-error.ts';

/** A file not written to for a day was left by a killed process. */
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/** Provides paths for unfinished files on the store's own filesystem, from which a rename or link publishes them. */
export interface TempArea {
  /** A unique path whose folder exists. */
  newPath(): string;
}

/** Everything in the area, from dead and from live processes. */
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

/** Removes, once, files that killed processes left a day or more ago. */
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

/** How often a folder may be removed as empty by another process before it is an error. */
const MAX_TRIES = 10;

/**
 * Runs `place`, and creates the folders of `path` only if they turn out to be missing, which saves a check each time.
 */
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

/** Like `mkdirSync` with `recursive`, which reports "no such file" on a read-only filesystem (Node 24). */
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
