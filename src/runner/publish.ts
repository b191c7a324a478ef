import { type BigIntStats, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { StepFailure } from '../pipeline/step.ts';
import type { RecordedFile } from '../record/attempt-record.ts';
import { outputsPrint } from '../record/held.ts';
import { outputFolder, type TaskRef } from '../record/keys.ts';
import { hashFile } from '../store/hash-file.ts';
import type { PublishOptions, Store } from '../store/store.ts';
import { BASH_REPORT } from './bash-script.ts';
import { OWN_NAMES } from './scratch.ts';

export interface DeclaredOutput {
  name: string;
  path: string;
  optional: boolean;
}

/**
 * Publishes a task's outputs into a folder of the store that is named after their names, sizes and content. Nothing
 * refers to that folder before the record does.
 * @throws StepFailure `check` for an output that the step declared and did not write, `tool` for one that changes.
 */
export async function publishOutputs(
  store: Store,
  task: TaskRef,
  outputs: readonly DeclaredOutput[],
  { scratch, ...options }: Pick<PublishOptions, 'expendable'> & { scratch: string; signal: AbortSignal },
): Promise<RecordedFile[]> {
  refuseMissing(task.step, outputs, scratch);
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

/**
 * @throws StepFailure `check` for outputs that the step declared and did not write; its message lists what the folder
 * has instead
 */
export function refuseMissing(step: string, outputs: readonly DeclaredOutput[], scratch: string): void {
  const absent = outputs.filter(({ path, optional }) => !optional && !existsSync(path));
  if (absent.length === 0) return;
  const names = absent.map(({ name, path }) => `"${name}" (${basename(path)})`).join(', ');
  const files = writtenFiles(scratch);
  const others = files.filter(({ name }) => !outputs.some(({ path }) => basename(path) === name));
  const nearest =
    absent.length === 1 && others.length > 0
      ? closest(
          basename(absent[0]?.path ?? ''),
          others.map(({ name }) => name),
        )
      : undefined;
  const message = `Step ${step} finished without writing its output ${names}`;
  throw new StepFailure('check', [message, ...listing(files)].join('\n'), {
    ...(nearest === undefined ? {} : { hint: `Did it write "${nearest}" instead?` }),
  });
}

/** Number of names shown of a folder. */
const FILES_SHOWN = 20;

function listing(files: readonly { name: string; size: string }[]): string[] {
  if (files.length === 0) return ['It wrote no files.'];
  const shown = files.slice(0, FILES_SHOWN).map(({ name, size }) => `  ${name}  ${size}`);
  const rest = files.length - shown.length;
  return ['It wrote:', ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])];
}

/** What is in a scratch folder besides this program's own files. */
function writtenFiles(scratch: string): { name: string; size: string }[] {
  return readdirSync(scratch, { withFileTypes: true })
    .filter(({ name }) => !OWN_NAMES.includes(name) && !name.startsWith(BASH_REPORT))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) =>
      entry.isDirectory()
        ? { name: `${entry.name}/`, size: 'folder' }
        : { name: entry.name, size: `${lstatSync(join(scratch, entry.name)).size.toLocaleString('en')} bytes` },
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

/** Identifies a file in scratch without reading it; empty where there is none. Links are followed. */
function filePrint(path: string): string {
  return printOf(statSync(path, { bigint: true, throwIfNoEntry: false }));
}

/** The same for a file that may be on a network filesystem, where a mount or a lookup can change device and inode. */
export function remotePrint(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.size}:${stats.mtimeNs}` : '';
}

function printOf(stats: BigIntStats | undefined): string {
  return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}` : '';
}
