import { statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { checkKey } from '../check-key.ts';
import { objectNotFound } from '../store-errors.ts';
import type { ObjectInfo } from '../store.ts';
import { attempt } from './folder-error.ts';

/** Path of the object, existing or not. @throws PipelineError `store-key-invalid` */
export function pathOf(root: string, key: string): string {
  checkKey(key);
  return join(root, key);
}

/** `undefined` if there is no such object. */
export function findObject(root: string, key: string): ObjectInfo | undefined {
  const path = pathOf(root, key);
  const stats = attempt(path, 'read', () => statIfThere(path));
  return stats?.isFile() ? infoOf(key, stats) : undefined;
}

/** @throws PipelineError `object-not-found` */
export function getObject(root: string, key: string): ObjectInfo {
  const info = findObject(root, key);
  if (!info) throw objectNotFound(pathOf(root, key));
  return info;
}

/**
 * Size and modification time (ns), in hex: these survive a copy that preserves times, a backup, or another mount of the
 * same files. Two writes of equal length within one tick of the filesystem's clock (up to 10 ms) look alike.
 */
export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  const etag = [stats.size, stats.mtimeNs].map((part) => part.toString(16)).join('-');
  return { key, size: Number(stats.size), etag, modified: Number(stats.mtimeMs) };
}

/** `undefined` if there is nothing, or for a dangling link. Other errors are those of `node:fs`. */
export function statIfThere(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}
