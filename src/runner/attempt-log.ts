import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { systemCode } from '../errors.ts';

/** Largest piece of output that a step's code or a record is handed. */
const TAIL_BYTES = 1024 * 1024;
/** Bytes kept of a log on a full disk. */
const SHORT_BYTES = 64 * 1024;

/** The log of one attempt: tools append to the file themselves, so that it can be followed and costs no copying. */
export interface AttemptLog {
  readonly path: string;
  /** Descriptor for tools to write to: it appends. */
  readonly fd: number;
  line(text: string): void;
  /** What the step's own code prints. */
  write(text: string | Uint8Array): void;
  /** The command line of a tool that is about to start. */
  command(text: string): void;
  /** Bytes so far: a mark for `since`. */
  size(): number;
  /** True where it contains more than the command lines, which are also in the record. */
  hasOutput(): boolean;
  /** What was appended since a mark, at most the last 1 MiB. */
  since(mark: number): string;
  /** Keeps only the end: the log may be what fills the disk, and would fill the store as well. */
  shorten(): void;
  close(): void;
}

export function openAttemptLog(path: string): AttemptLog {
  const fd = openSync(path, 'a+');
  let commandBytes = 0;
  const size = () => fstatSync(fd).size;
  return {
    path,
    fd,
    line: (text) => append(fd, `${text}\n`),
    write: (text) => append(fd, text),
    command: (text) => {
      const line = Buffer.from(`$ ${text}\n`);
      commandBytes += line.length;
      append(fd, line);
    },
    size,
    hasOutput: () => size() > commandBytes,
    since: (mark) => readTail(fd, mark, size()),
    shorten: () => {
      if (size() <= SHORT_BYTES) return;
      const end = readTail(fd, size() - SHORT_BYTES, size());
      ftruncateSync(fd);
      append(fd, end);
    },
    close: () => closeSync(fd),
  };
}

/** A line of the log must not fail the attempt when the disk is full: the tool that fills it fails and reports it. */
function append(fd: number, text: string | Uint8Array): void {
  try {
    writeAll(fd, typeof text === 'string' ? Buffer.from(text) : text);
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

/** Of an endless line, such as a progress bar or binary output, the last characters are the useful ones. */
const LINE_CHARS = 1000;

/** The last lines of a text, without a trailing empty one. */
export function lastLines(text: string, count: number): string[] {
  // A progress bar rewrites one line: only its last state counts.
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replace(/^.*\r/, ''));
  return lines.length === 1 && lines[0] === '' ? [] : lines.slice(-count).map((line) => line.slice(-LINE_CHARS));
}

function readTail(fd: number, mark: number, end: number): string {
  const start = Math.max(mark, end - TAIL_BYTES);
  if (end <= start) return '';
  const buffer = Buffer.alloc(end - start);
  return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, start));
}
