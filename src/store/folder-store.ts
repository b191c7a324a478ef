import { createReadStream, openSync, readFileSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExitCode, PipelineError, systemCode } from '../errors.ts';
import { checkKey, checkPrefix } from './check-key.ts';
import { folderError, isAbsent } from './folder/folder-error.ts';
import { listFolder } from './folder/list-folder.ts';
import { infoOf, statIfThere } from './folder/object-info.ts';
import { putFile } from './folder/put-file.ts';
import { tempArea, withFolders } from './folder/temp-area.ts';
import { createObject, writeObject } from './folder/write-object.ts';
import { COPY_CHUNK_BYTES, hashFile } from './hash-file.ts';
import { checksumMismatch, objectNotFound } from './store-errors.ts';
import type { ObjectInfo, Store } from './store.ts';

/**
 * A store in a folder, which is made when it is first written to. Keys are paths below `root`.
 *
 * What touches only metadata or a small body uses synchronous calls: a system call takes some 10 µs, a round trip
 * through the thread pool ten times that, and a task of the local engine makes dozens of them.
 * @throws PipelineError `store-not-a-folder`
 */
export function openFolderStore(root: string): Store {
  const folder = resolve(root);
  checkRoot(folder);
  const url = pathToFileURL(folder).href;
  const temp = tempArea(folder);

  const pathOf = (key: string): string => {
    checkKey(key);
    return join(folder, key);
  };
  const infoIfThere = (key: string): ObjectInfo | undefined => {
    const path = pathOf(key);
    const stats = attempt(path, 'read', () => statIfThere(path));
    return stats?.isFile() ? infoOf(key, stats) : undefined;
  };
  const infoOrThrow = (key: string): ObjectInfo => {
    const info = infoIfThere(key);
    if (!info) throw objectNotFound(pathOf(key));
    return info;
  };

  return {
    url,
    localPath: pathOf,
    async head(key) {
      return infoIfThere(key);
    },
    async read(key) {
      const path = pathOf(key);
      return attempt(path, 'read', () => readIfThere(path));
    },
    async stream(key, { start = 0, signal } = {}) {
      infoOrThrow(key);
      const path = pathOf(key);
      const fd = attempt(path, 'read', () => openSync(path, 'r'));
      return createReadStream(path, { fd, start, highWaterMark: COPY_CHUNK_BYTES, ...(signal && { signal }) });
    },
    async write(key, body) {
      const path = pathOf(key);
      attempt(path, 'write', () => writeObject(temp, path, body));
    },
    async create(key, body) {
      const path = pathOf(key);
      return attempt(path, 'write', () => createObject(temp, path, body));
    },
    async putFile(key, source, options) {
      const target = pathOf(key);
      await putFile(temp, source, target, options).catch((error: unknown) => {
        throw folderError(error, target, 'write');
      });
      return infoOrThrow(key);
    },
    async getFile(key, path, { sha256, signal } = {}) {
      signal?.throwIfAborted();
      const info = infoOrThrow(key);
      if (sha256) await verify(pathOf(key), sha256, signal);
      attempt(path, 'write', () => link(pathOf(key), path));
      return info;
    },
    list(prefix, { signal } = {}) {
      checkPrefix(prefix);
      return listFolder(folder, prefix, signal);
    },
    async remove(keys) {
      for (const key of keys) {
        const path = pathOf(key);
        attempt(path, 'write', () => removeFile(path, folder));
      }
    },
  };
}

function checkRoot(folder: string): void {
  const stats = attempt(folder, 'read', () => statIfThere(folder));
  if (!stats || stats.isDirectory()) return;
  throw new PipelineError({
    code: 'store-not-a-folder',
    message: 'The store is a file, but has to be a folder',
    where: folder,
    exitCode: ExitCode.usage,
  });
}

function attempt<T>(path: string, access: 'read' | 'write', action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw folderError(error, path, access);
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function verify(path: string, expected: string, signal: AbortSignal | undefined): Promise<void> {
  const actual = await hashFile(path, signal).catch((error: unknown) => {
    throw folderError(error, path, 'read');
  });
  if (actual !== expected) throw checksumMismatch(path, expected, actual);
}

function link(object: string, path: string): void {
  try {
    withFolders(path, () => symlinkSync(object, path));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    unlinkSync(path);
    symlinkSync(object, path);
  }
}

/** Empty folders go too: in a store there are only objects, and their names are free again. */
function removeFile(path: string, root: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (isAbsent(error)) return;
    // Some systems say EPERM, not EISDIR, of a folder; a folder is no object.
    if (systemCode(error) === 'EPERM' && statIfThere(path)?.isDirectory()) return;
    throw error;
  }
  removeEmptyFolders(dirname(path), root);
}

function removeEmptyFolders(folder: string, root: string): void {
  for (let empty = folder; empty !== root; empty = dirname(empty)) {
    try {
      rmdirSync(empty);
    } catch {
      return;
    }
  }
}
