import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, PipelineError } from '../../errors.ts';
import { makeFolder } from '../../run/make-folder.ts';
import { notice } from '../print.ts';
import { STARTER_FILES } from '../starter-files.ts';

/** `batch-pipeline init [FOLDER]`: never overwrites a file. */
export async function initCommand(folder: string, _flags: object): Promise<ExitCode> {
  const taken = Object.keys(STARTER_FILES).find((file) => existsSync(join(folder, file)));
  if (taken !== undefined) {
    throw new PipelineError({
      code: 'init-taken',
      message: `${join(folder, taken)} is already there`,
      hint: 'Name another folder: batch-pipeline init FOLDER',
    });
  }
  for (const [file, text] of Object.entries(STARTER_FILES)) {
    makeFolder(join(folder, file, '..'));
    writeFileSync(join(folder, file), text);
  }
  const enter = folder === '.' ? '' : `  cd ${folder}\n`;
  notice(
    `Wrote ${Object.keys(STARTER_FILES).join(', ')}. Try:\n\n${enter}  batch-pipeline plan ./pipeline.ts --samples 'reads/*.txt'\n  batch-pipeline run ./pipeline.ts --samples 'reads/*.txt'\n  batch-pipeline status\n  batch-pipeline results`,
  );
  return ExitCode.ok;
}
