import { spawnSync } from 'node:child_process';
import { messageOf, PipelineError, PipelineErrors, systemCode } from '../errors.ts';

/** What to do, by Node's code for the error. */
const HINTS: Readonly<Record<string, string>> = {
  ERR_UNKNOWN_FILE_EXTENSION: 'The file has to end in .ts or .js.',
  ERR_IMPORT_ATTRIBUTE_MISSING: 'The file has to end in .ts or .js.',
  ERR_UNSUPPORTED_DIR_IMPORT: 'Give the path of the file in it.',
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: 'Types are removed, not compiled: write plain objects and unions instead.',
  ERR_MODULE_NOT_FOUND: 'Check the name, or install the package beside the file.',
};

/**
 * Turns an error of importing the user's file at `path` into one that names the place in that file. Frames in
 * `ownFolder` are this program's.
 * @param file what the file defines
 */
export function loadError(
  path: string,
  ownFolder: string,
  error: unknown,
  file: 'pipeline' | 'engine' = 'pipeline',
): PipelineError {
  if (error instanceof PipelineErrors)
    return new PipelineErrors(error.errors.map((one) => placed(path, ownFolder, one)));
  if (error instanceof PipelineError) return placed(path, ownFolder, error);
  return new PipelineError({
    code: `${file}-broken`,
    message: `The ${file} file cannot be loaded: ${shortMessage(error)}`,
    where: placeOf(error, ownFolder) ?? importer(error, ownFolder) ?? syntaxPlace(path, error) ?? path,
    hint: HINTS[systemCode(error) ?? ''] ?? 'Fix the file, then run the same command again.',
    cause: error,
  });
}

/** Without the importing file, which is reported as the place. */
function shortMessage(error: unknown): string {
  const lines = messageOf(error).split('\n').filter(Boolean);
  return lines
    .slice(0, 4)
    .join(' ')
    .replace(/ resolving ES modules imported from .+$| imported from \/.+$/, '');
}

/** A place that an error names itself. */
const PLACE = /^\/.+:\d+:\d+(,|$)/;

/** A mistake in a definition is in the line that called `define…`, unless the error names another. */
function placed(path: string, ownFolder: string, error: PipelineError): PipelineError {
  const { code, message, hint, exitCode } = error;
  const hasPlace = error.where !== undefined && PLACE.test(error.where);
  const where = [...(hasPlace ? [] : [placeOf(error, ownFolder) ?? path]), error.where].filter(Boolean).join(', ');
  return new PipelineError({ code, message, where, exitCode, ...(hint === undefined ? {} : { hint }), cause: error });
}

/** `file:line:column` of the first line of a stack that is not this program's, or of the source that V8 puts above it. */
export function placeOf(error: unknown, ownFolder: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const quoted = quotedPlace(stack);
  if (quoted !== undefined) return quoted;
  const frames = stack.matchAll(/(?:file:\/\/|\()(\/[^\s():]+\.[cm]?[jt]s):(\d+):(\d+)/g);
  const theirs = frames.find(([, file = '']) => !file.startsWith(ownFolder) && !file.includes('/node_modules/'));
  return theirs?.slice(1).join(':');
}

function quotedPlace(text: string): string | undefined {
  const [, file, line] = /^(?:file:\/\/)?(\/.+\.[cm]?[jt]s):(\d+)\n/.exec(text) ?? [];
  return file === undefined ? undefined : [file, line, caretColumn(text)].filter(Boolean).join(':');
}

function caretColumn(stack: string): number | undefined {
  const caret = stack.split('\n').find((line) => /^\s*\^+\s*$/.test(line));
  return caret === undefined ? undefined : caret.indexOf('^') + 1;
}

/** The file whose `import` names what is not there. */
function importer(error: unknown, ownFolder: string): string | undefined {
  const file = / imported from (\/.+)$/m.exec(messageOf(error))?.[1];
  return file?.startsWith(ownFolder) ? undefined : file;
}

/** Of a mistake in JavaScript, V8 tells the place only on stderr: another process is asked for it. */
function syntaxPlace(path: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8' });
  return quotedPlace(stderr);
}
