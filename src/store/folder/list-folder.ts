import { opendirSync, type BigIntStats, type Dir } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { TEMP_SEGMENT } from '../check-key.ts';
import type { ObjectInfo } from '../store.ts';
import { folderError, isAbsent } from './folder-error.ts';
import { infoOf, statIfThere } from './object-info.ts';

/** As S3 has it, and small enough that a page is made in a few milliseconds. */
const PAGE_SIZE = 1000;

/** Lists lazily: a folder is read when its turn comes, so that memory does not grow with the store. */
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
    // Timers, signals and other work get their turn, though the walk itself never waits.
    await setImmediate();
    signal?.throwIfAborted();
  }
  if (page.length > 0) yield page;
}

function* objectsUnder(root: string, prefix: string): Generator<ObjectInfo> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const nameStart = prefix.slice(start.length);
  const folder = statIfThere(join(root, start));
  if (!folder?.isDirectory()) return;
  for (const name of namesIn(join(root, start))) {
    if (start === '' && name === TEMP_SEGMENT) continue;
    if (name.startsWith(nameStart)) yield* walk(root, start + name, [identity(folder)]);
  }
}

/** `above` holds the folders on the way here, so that a link to one of them is not followed for ever. */
function* walk(root: string, key: string, above: readonly string[]): Generator<ObjectInfo> {
  const path = join(root, key);
  const stats = statOrSkip(path);
  if (!stats) return;
  if (stats.isFile()) yield infoOf(key, stats);
  if (!stats.isDirectory() || above.includes(identity(stats))) return;
  for (const name of namesIn(path)) yield* walk(root, `${key}/${name}`, [...above, identity(stats)]);
}

function identity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** What vanished since its name was read, or leads in a circle, is no object. */
function statOrSkip(path: string): BigIntStats | undefined {
  try {
    return statIfThere(path);
  } catch {
    return undefined;
  }
}

function* namesIn(folder: string): Generator<string> {
  const dir = openFolder(folder);
  if (!dir) return;
  try {
    for (let entry = dir.readSync(); entry; entry = dir.readSync()) yield entry.name;
  } finally {
    dir.closeSync();
  }
}

function openFolder(folder: string): Dir | undefined {
  try {
    return opendirSync(folder, { bufferSize: PAGE_SIZE });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw folderError(error, folder, 'read');
  }
}
