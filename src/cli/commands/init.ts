import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { makeFolder } from '../../run/make-folder.ts';
import { notice } from '../print.ts';
import { starterFiles } from '../starter-files.ts';

/** `batch-pipeline init [FOLDER]`: writes a project; never overwrites a file. */
export async function initCommand(folder: string, { version }: { version: string }): Promise<ExitCode> {
  const files = starterFiles(version);
  const taken = Object.keys(files).find((file) => existsSync(join(folder, file)));
  if (taken !== undefined) {
    throw new PipelineError({
      code: 'init-taken',
      message: `${join(folder, taken)} is already there`,
      hint: 'Name another folder: batch-pipeline init FOLDER',
    });
  }
  for (const [file, text] of Object.entries(files)) {
    makeFolder(join(folder, file, '..'));
    writeFileSync(join(folder, file), text);
  }
  const enter = folder === '.' ? '' : `  cd ${folder}\n`;
  const commands = [
    "batch-pipeline plan ./pipeline.ts --samples 'reads/*.txt'",
    "batch-pipeline run ./pipeline.ts --samples 'reads/*.txt'",
    'batch-pipeline status',
    'batch-pipeline results',
  ];
  const lines = commands.map((command) => `  ${command}\n`).join('');
  notice(
    `Wrote ${Object.keys(files).join(', ')}. Try:\n\n${enter}${lines}\nFor types in the editor, "npm run check" and "npm test": npm install`,
  );
  return ExitCode.ok;
}
