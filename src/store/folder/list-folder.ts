import { type BigIntStats, type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TEMP_SEGMENT } from '../check-key.ts';
import type { ObjectInfo } from '../store.ts';
import { folderError, isAbsent } from './folder-error.ts';
import { infoOf, statIfThere } from './object-path.ts';

/** The page size of S3, and small enough to build a page within a few milliseconds. */
const PAGE_SIZE = 1000;

/** Lists lazily: a folder is read only when reached, so that memory does not grow with the store. */
export async function* listFolder(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ObjectInfo[]> {
  signal?.throwIfAborted();
  let page: ObjectInfo[] = [];
  for (const info of objectsUnder(root, prefix)) {
    page.push(info);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
    // Yields to timers, signals and other work, since the walk itself is synchronous.
    await setImmediate();
    signal?.throwIfAborted();
  }
  if (page.length > 0) yield page;
}

function* objectsUnder(root: string, prefix: string): Generator<ObjectInfo> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const nameStart = prefix.slice(start.length);
  const folder = join(root, start);
  const stats = statIfThere(folder);
  if (!stats?.isDirectory()) return;
  for (const entry of entriesOf(folder)) {
    if (start === '' && entry.name === TEMP_SEGMENT) continue;
    if (entry.name.startsWith(nameStart)) yield* walk(folder, start, entry, [identity(stats)]);
  }
}

/** `above` holds the folders reached through links on the way here, so that a cycle ends. */
function* walk(folder: string, start: string, entry: Dirent, above: readonly string[]): Generator<ObjectInfo> {
  const path = `${folder}/${entry.name}`;
  const key = `${start}${entry.name}`;
  // The entry already gives the type, so a folder needs no stat; this halves the cost of a store with many small
  // folders.
  if (entry.isDirectory()) {
    for (const child of entriesOf(path)) yield* walk(path, `${key}/`, child, above);
    return;
  }
  const stats = statOrSkip(path);
  if (!stats) return;
  if (stats.isFile()) yield infoOf(key, stats);
  if (!stats.isDirectory() || above.includes(identity(stats))) return;
  for (const child of entriesOf(path)) yield* walk(path, `${key}/`, child, [...above, identity(stats)]);
}

function identity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** An entry that has since vanished, or is part of a link cycle, is not an object. */
function statOrSkip(path: string): BigIntStats | undefined {
  try {
    return statIfThere(path);
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw folderError(error, folder, 'read');
  }
}
