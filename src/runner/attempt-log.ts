import { appendFileSync, closeSync, existsSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** Largest piece of output that a step's code or a record is handed. */
const TAIL_BYTES = 1024 * 1024;
/** What is kept of a log on a full disk. */
const SHORT_BYTES = 64 * 1024;

/** The log of one attempt: tools append to the file themselves, so that it can be followed and costs no copying. */
export interface AttemptLog {
  readonly path: string;
  line(text: string): void;
  /** Bytes so far: a mark for `since`. */
  size(): number;
  /** What was appended since a mark, at most the last 1 MiB. */
  since(mark: number): string;
  /** Keeps only the end: on a full disk the log may be what fills it, and would go on doing so in the store. */
  shorten(): void;
}

export function openAttemptLog(path: string): AttemptLog {
  const size = () => (existsSync(path) ? statSync(path).size : 0);
  return {
    path,
    size,
    line: (text) => append(path, `${text}\n`),
    since: (mark) => readTail(path, mark, size()),
    shorten: () => {
      if (size() > SHORT_BYTES) writeFileSync(path, readTail(path, size() - SHORT_BYTES, size()));
    },
  };
}

/** A full disk is no reason to fail for a line in the log: what fills it fails by itself, and says so. */
function append(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error;
  }
}

/** A line without end, as a progress bar or binary output is one, is of interest in its last characters. */
const LINE_CHARS = 1000;

/** The last lines of a text, without a trailing empty one. */
export function lastLines(text: string, count: number): string[] {
  // A progress bar writes one line over and over: what it last said is the line.
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replace(/^.*\r/, ''));
  return lines.length === 1 && lines[0] === '' ? [] : lines.slice(-count).map((line) => line.slice(-LINE_CHARS));
}

function readTail(path: string, mark: number, end: number): string {
  const start = Math.max(mark, end - TAIL_BYTES);
  if (end <= start) return '';
  const buffer = Buffer.alloc(end - start);
  const file = openSync(path, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, start));
  } finally {
    closeSync(file);
  }
}
