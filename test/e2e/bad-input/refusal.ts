import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CliOptions, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { filesIn, workFolder } from '../../fixtures/work-folder.ts';

/**
 * Runs a command that must refuse, in a folder with these files; returns its output. No file may be written, changed or
 * lost.
 */
export async function refusal(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: CliOptions['env'] = {},
): Promise<string> {
  const folder = workFolder(files);
  const before = contents(folder);
  const result = await runCli(args, { cwd: folder, env });
  expect(contents(folder)).toEqual(before);
  return told(result, folder);
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(filesIn(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}
