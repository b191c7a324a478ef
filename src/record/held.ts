import { hash } from 'node:crypto';
import type { AttemptId, RecordName } from './keys.ts';

/** The last failure of one task, parsed from its record's name. */
export interface HeldFailure {
  cause: string;
  attempt: AttemptId;
}

interface HeldSample {
  /** Keys with a success record. */
  succeeded: string[];
  failures: (HeldFailure & { key: string })[];
}

/** What the store already holds for one step, derived from two listings; no document is read. */
export interface HeldStep {
  samples: Map<string, HeldSample>;
  /** `sample.key` of tasks whose published files all exist with their original sizes. */
  whole: Set<string>;
  /** `sample.key` of tasks that have published anything, with or without a record. */
  begun: Set<string>;
}

/** By step name. */
export type Held = ReadonlyMap<string, HeldStep>;

export interface OutputEntry {
  task: string;
  print: string;
  file: string;
  size: number;
}

/** Groups the listed names by sample. */
export function heldStep(records: Iterable<RecordName>, outputs: Iterable<OutputEntry>): HeldStep {
  const samples = new Map<string, HeldSample>();
  for (const record of records) {
    const held = samples.get(record.sample) ?? { succeeded: [], failures: [] };
    samples.set(record.sample, held);
    if (record.state === 'succeeded') held.succeeded.push(record.key);
    else held.failures.push({ key: record.key, cause: record.cause, attempt: record.attempt });
  }
  return { samples, ...publishedTasks(outputs) };
}

/** An output folder is whole if its files still match the fingerprint in its name. */
function publishedTasks(outputs: Iterable<OutputEntry>): Pick<HeldStep, 'whole' | 'begun'> {
  const folders = new Map<string, OutputEntry[]>();
  for (const entry of outputs) {
    const folder = `${entry.task}-${entry.print}`;
    const files = folders.get(folder);
    if (files) files.push(entry);
    else folders.set(folder, [entry]);
  }
  const [whole, begun] = [new Set<string>(), new Set<string>()];
  for (const files of folders.values()) {
    const first = files[0] as OutputEntry;
    begun.add(first.task);
    if (isWhole(first.print, files)) whole.add(first.task);
  }
  return { whole, begun };
}

/**
 * `whole`: succeeded, and all files exist. `removed`: succeeded, but no file exists any more. `damaged`: succeeded, but
 * some files are missing or have changed.
 */
export function heldState(
  held: HeldStep | undefined,
  sample: string,
  key: string,
): 'whole' | 'removed' | 'damaged' | undefined {
  if (!held?.samples.get(sample)?.succeeded.includes(key)) return undefined;
  if (held.whole.has(`${sample}.${key}`)) return 'whole';
  return held.begun.has(`${sample}.${key}`) ? 'damaged' : 'removed';
}

/** The latest failure of exactly this task, restricted to one run if given. */
export function lastFailure(
  held: HeldStep | undefined,
  sample: string,
  key: string,
  run?: string,
): HeldFailure | undefined {
  const failures = held?.samples.get(sample)?.failures ?? [];
  return failures
    .filter((failure) => failure.key === key && (run === undefined || failure.attempt.run === run))
    .sort((a, b) => a.attempt.submission - b.attempt.submission || a.attempt.attempt - b.attempt.attempt)
    .at(-1);
}

/** Hex digits that stand for names and sizes, and after them for the content. */
const SIZES_LENGTH = 10;
const CONTENT_LENGTH = 6;

interface SizedFile {
  file: string;
  /** Bytes. */
  size: number;
}

/** Ten hex digits that stand for the names and sizes of a task's outputs, as they appear in a listing. */
function sizesPrint(files: readonly SizedFile[]): string {
  return digest(files.map(({ file, size }) => `${file}\0${size}\n`)).slice(0, SIZES_LENGTH);
}

/**
 * Names the folder of a task's outputs: names and sizes, so that a listing can tell whether it is whole, then content,
 * so that two attempts whose bytes differ never write into one folder.
 */
export function outputsPrint(files: readonly (SizedFile & { sha256: string })[]): string {
  return sizesPrint(files) + digest(files.map(({ file, sha256 }) => `${file}\0${sha256}\n`)).slice(0, CONTENT_LENGTH);
}

/** True if a folder with this print still holds files of the same names and sizes. */
export function isWhole(print: string, files: readonly SizedFile[]): boolean {
  return print.slice(0, SIZES_LENGTH) === sizesPrint(files);
}

function digest(lines: readonly string[]): string {
  return hash('sha256', lines.toSorted().join(''));
}
