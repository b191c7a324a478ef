import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { StepFailure } from '../pipeline/step.ts';
import type { RecordedFile } from '../record/attempt-record.ts';
import { outputsPrint } from '../record/fingerprint.ts';
import { outputFolder, type TaskRef } from '../record/keys.ts';
import { hashFile } from '../store/hash-file.ts';
import type { PublishOptions, Store } from '../store/store.ts';
import { filePrint, printOf } from './file-print.ts';

export interface DeclaredOutput {
  name: string;
  path: string;
  optional: boolean;
}

/**
 * Publishes a task's outputs into a folder of the store that is named for their names, sizes and content.
 * Nothing refers to that folder until the record does.
 * @throws StepFailure `check` for an output that the step declared and did not write, `tool` for one that changes.
 */
export async function publishOutputs(
  store: Store,
  task: TaskRef,
  outputs: readonly DeclaredOutput[],
  options: Pick<PublishOptions, 'expendable'> & { signal: AbortSignal },
): Promise<RecordedFile[]> {
  const absent = outputs.filter(({ path, optional }) => !optional && !existsSync(path));
  if (absent.length > 0) {
    const names = absent.map(({ name, path }) => `"${name}" (${basename(path)})`).join(', ');
    throw new StepFailure('check', `Step ${task.step} ended well without writing its output ${names}`);
  }
  const present = await Promise.all(
    outputs
      .filter(({ path }) => existsSync(path))
      .map(async ({ name, path }) => {
        const stats = statSync(path, { bigint: true });
        if (!stats.isFile()) throw new StepFailure('check', `Output "${name}" (${basename(path)}) is not a file`);
        const size = Number(stats.size);
        const sha256 = await hashFile(path);
        if (filePrint(path) !== printOf(stats)) throw stillWritten(name, path);
        return { name, path, file: basename(path), size, sha256 };
      }),
  );
  const folder = outputFolder(task, outputsPrint(present));
  return Promise.all(
    present.map(async ({ name, path, file, size, sha256 }) => {
      options.signal.throwIfAborted();
      await store.putFile(folder + file, path, { ...options, sha256 });
      return { name, location: folder + file, size, sha256 };
    }),
  );
}

function stillWritten(name: string, path: string): StepFailure {
  return new StepFailure(
    'tool',
    `Output "${name}" (${basename(path)}) was still being written after run had returned`,
    {
      hint: 'Await everything that writes it.',
    },
  );
}
