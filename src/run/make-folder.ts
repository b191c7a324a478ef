import { mkdirSync } from 'node:fs';
import { ExitCode, messageOf, PipelineError, systemCode } from '../errors.ts';

/**
 * Makes a folder for the user's files, and those above it.
 * @throws PipelineError `folder-unwritable`, also where there is a file in its place.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const isFile = ['EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '');
    throw new PipelineError({
      code: 'folder-unwritable',
      message: isFile ? 'There is a file in place of the folder' : `The folder cannot be created: ${messageOf(error)}`,
      where: path,
      hint: 'Name another folder.',
      exitCode: isFile ? ExitCode.usage : ExitCode.environment,
      cause: error,
    });
  }
}
