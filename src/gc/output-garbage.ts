import { DAY_MS, type Garbage, GUARD_MS } from './garbage.ts';
import type { UsedTasks } from './used-tasks.ts';

/** A task's outputs in one folder. */
export interface OutputFolder {
  step: string;
  /** `sample.key` */
  task: string;
  print: string;
  /** Ends in `/`. */
  prefix: string;
  files: readonly { file: string; key: string; size: number; modified: number }[];
}

/** Everything known about a pipeline without a running run. */
export interface Holdings extends UsedTasks {
  pipeline: string;
  folders: readonly OutputFolder[];
  /** `step/sample.key` of tasks with a success on record. */
  succeeded: ReadonlySet<string>;
  /** For tasks with several folders: the print of the folder that the record names. */
  counting: ReadonlyMap<string, string>;
  /** See `scratchSteps`. */
  scratch: ReadonlyMap<string, ReadonlySet<string>>;
  now: number;
  keepDays: number;
}

/** Outputs that nothing will ever refer to, and intermediate outputs that are no longer needed. */
export function outputGarbage(holdings: Holdings): Garbage[] {
  return holdings.folders.flatMap((folder): Garbage[] => {
    const age = holdings.now - Math.max(...folder.files.map(({ modified }) => modified));
    const task = `${folder.step}/${folder.task}`;
    if (age < GUARD_MS) return [];
    if (!holdings.succeeded.has(task)) return [asGarbage(holdings, folder, 'leftover', 'no success on record')];
    const counting = holdings.counting.get(task);
    if (counting !== undefined && counting !== folder.print)
      return [asGarbage(holdings, folder, 'leftover', 'another attempt is on record')];
    return isExpired(holdings, folder, age)
      ? [
          asGarbage(
            holdings,
            folder,
            'scratch',
            `read by ${readersOf(holdings, folder.step).join(', ')}, which succeeded`,
          ),
        ]
      : [];
  });
}

/** Every step that reads it has succeeded with it, and no recent run has used it. */
function isExpired(holdings: Holdings, { step, task }: OutputFolder, age: number): boolean {
  const readers = readersOf(holdings, step);
  return (
    readers.length > 0 &&
    readers.every((reader) => holdings.served.has(`${step}/${task} ${reader}`)) &&
    age >= holdings.keepDays * DAY_MS &&
    !holdings.recent.has(`${step}/${task}`)
  );
}

function readersOf({ scratch }: Holdings, step: string): string[] {
  return [...(scratch.get(step) ?? [])];
}

function asGarbage({ pipeline }: Holdings, folder: OutputFolder, kind: 'leftover' | 'scratch', why: string): Garbage {
  const { step, prefix, files } = folder;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return { kind, group: `${pipeline} ${step}`, name: prefix, keys: files.map(({ key }) => key), size, why };
}
