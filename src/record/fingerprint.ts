import { hash } from 'node:crypto';

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
