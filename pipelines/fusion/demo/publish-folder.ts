import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../../../src/errors.ts';

/**
 * Fills a new folder next to `folder` and, once `fill` has finished, renames it to `folder` in one step, replacing an
 * older one. An interrupted call leaves `folder` as it was; the next call removes what a dead process left.
 */
export async function publishFolder(folder: string, fill: (partial: string) => Promise<void>): Promise<void> {
  await removeLeftOvers(folder);
  const partial = `${folder}.partial-${process.pid}`;
  try {
    await fill(partial);
    await replace(folder, partial);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** A non-empty folder cannot be replaced by a rename: the old one is moved aside first. */
async function replace(folder: string, partial: string): Promise<void> {
  const old = `${folder}.old-${process.pid}`;
  try {
    await rename(folder, old);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  await rename(partial, folder);
  await rm(old, { recursive: true, force: true });
}

async function removeLeftOvers(folder: string): Promise<void> {
  const siblings = await readdir(dirname(folder)).catch(() => []);
  for (const name of siblings) {
    const [, kind, pid] = /^(.*)\.(?:partial|old)-(\d+)$/.exec(name) ?? [];
    if (kind !== basename(folder) || isAlive(Number(pid))) continue;
    await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
