import { rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../../errors.ts';
import type { Store } from '../store.ts';
import { attempt, folderError, isAbsent } from './folder-error.ts';
import { getObject, pathOf, statIfThere } from './object-path.ts';
import { putFile } from './put-file.ts';
import { tempArea } from './temp-area.ts';
import { createObject, writeObject } from './write-object.ts';

type Writer = Pick<Store, 'write' | 'create' | 'putFile' | 'remove'>;

/** The write operations of a store in the folder `root`. */
export function folderWriter(root: string): Writer {
  const temp = tempArea(root);
  return {
    async write(key, body) {
      const path = pathOf(root, key);
      attempt(path, 'write', () => writeObject(temp, path, body));
    },
    async create(key, body) {
      const path = pathOf(root, key);
      return attempt(path, 'write', () => createObject(temp, path, body));
    },
    async putFile(key, source, options) {
      const target = pathOf(root, key);
      await putFile(temp, source, target, options).catch((error: unknown) => {
        throw folderError(error, target, 'write');
      });
      return getObject(root, key);
    },
    async remove(keys) {
      for (const key of keys) {
        const path = pathOf(root, key);
        attempt(path, 'write', () => removeFile(path, root));
      }
    },
  };
}

/** Removes empty folders too: a store has only objects, and the folder names become available as keys. */
function removeFile(path: string, root: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (isAbsent(error)) return;
    // Some systems report EPERM instead of EISDIR for a folder; a folder is not an object.
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
