import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExitCode, PipelineError } from '../errors.ts';
import { attempt } from './folder/folder-error.ts';
import { folderReader } from './folder/folder-reader.ts';
import { folderWriter } from './folder/folder-writer.ts';
import { pathOf, statIfThere } from './folder/object-path.ts';
import { listTempArea } from './folder/temp-area.ts';
import type { Store } from './store.ts';

/**
 * A store in a folder, which is created by the first write. Keys are paths below `root`.
 *
 * Operations on metadata or small bodies use synchronous calls: a system call takes some 10 µs, a round trip through
 * the thread pool ten times that, and a task of the local engine makes dozens of them.
 * @throws PipelineError `store-not-a-folder`
 */
export function openFolderStore(root: string): Store {
  const folder = resolve(root);
  checkRoot(folder);
  return {
    url: pathToFileURL(folder).href,
    localPath: (key) => pathOf(folder, key),
    ...folderReader(folder),
    ...folderWriter(folder),
    unfinished: async () => listTempArea(folder),
  };
}

function checkRoot(folder: string): void {
  const stats = attempt(folder, 'read', () => statIfThere(folder));
  if (!stats || stats.isDirectory()) return;
  throw new PipelineError({
    code: 'store-not-a-folder',
    message: 'The store is a file, but must be a folder',
    where: folder,
    exitCode: ExitCode.usage,
  });
}
