import { createReadStream, openSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { systemCode } from '../../errors.ts';
import { checkPrefix } from '../check-key.ts';
import { COPY_CHUNK_BYTES, hashFile } from '../hash-file.ts';
import type { Store } from '../store.ts';
import { checksumMismatch, localFileError } from '../store-errors.ts';
import { attempt, folderError, isAbsent } from './folder-error.ts';
import { listFolder } from './list-folder.ts';
import { findObject, getObject, pathOf } from './object-path.ts';
import { withFolders } from './temp-area.ts';

type Reader = Pick<Store, 'head' | 'read' | 'stream' | 'getFile' | 'list'>;

/** The read operations of a store in the folder `root`. */
export function folderReader(root: string): Reader {
  return {
    async head(key) {
      return findObject(root, key);
    },
    async read(key) {
      const path = pathOf(root, key);
      return attempt(path, 'read', () => readIfThere(path));
    },
    async stream(key, { start = 0, signal } = {}) {
      getObject(root, key);
      const path = pathOf(root, key);
      const fd = attempt(path, 'read', () => openSync(path, 'r'));
      return createReadStream(path, { fd, start, highWaterMark: COPY_CHUNK_BYTES, ...(signal && { signal }) });
    },
    async getFile(key, path, { sha256, signal } = {}) {
      signal?.throwIfAborted();
      const info = getObject(root, key);
      if (sha256) await verify(pathOf(root, key), sha256, signal);
      link(pathOf(root, key), path);
      return info;
    },
    list(prefix, { signal } = {}) {
      checkPrefix(prefix);
      return listFolder(root, prefix, signal);
    },
  };
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
    withFolders(path, () => replaceByLink(object, path));
  } catch (error) {
    throw localFileError(error, path);
  }
}

function replaceByLink(object: string, path: string): void {
  try {
    symlinkSync(object, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    unlinkSync(path);
    symlinkSync(object, path);
  }
}
