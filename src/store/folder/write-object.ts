import { linkSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { systemCode } from '../../errors.ts';
import { withFolders, type TempArea } from './temp-area.ts';

/*
 * Writes are not flushed to the disk (no fsync): a killed process loses nothing, and after a power cut the checksum
 * in the record reveals what is missing. Flushing would cost some 10 ms a file on a spinning disk, per record.
 */

/** Creates or replaces `path` in one step: a reader sees the old content or the new. */
export function writeObject(temp: TempArea, path: string, body: string | Uint8Array): void {
  withTemp(temp, body, (unfinished) => withFolders(path, () => renameSync(unfinished, path)));
}

/** Creates `path` unless it exists; of several racing processes exactly one gets `true`. */
export function createObject(temp: TempArea, path: string, body: string | Uint8Array): boolean {
  return withTemp(temp, body, (unfinished) => {
    const created = withFolders(path, () => linkIfAbsent(unfinished, path));
    unlinkSync(unfinished);
    return created;
  });
}

function linkIfAbsent(unfinished: string, path: string): boolean {
  try {
    linkSync(unfinished, path);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    // Not a lost race, but a key that is part of other keys.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
    // On NFS the reply to a successful link can be lost; the repeated request then fails with EEXIST. See open(2).
    return statSync(unfinished).nlink === 2;
  }
}

function withTemp<T>(temp: TempArea, body: string | Uint8Array, publish: (unfinished: string) => T): T {
  const unfinished = temp.newPath();
  try {
    withFolders(unfinished, () => writeFileSync(unfinished, body, { flag: 'wx' }));
    return publish(unfinished);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
