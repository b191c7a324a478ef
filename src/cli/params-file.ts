import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { messageOf, PipelineError, systemCode } from '../errors.ts';
import type { GivenParam } from '../pipeline/read-params.ts';

/**
 * Reads params from a YAML or JSON file of `name: value` lines.
 * @throws PipelineError `params-file` with the line, where the file is at fault.
 */
export function readParamsFile(file: string): GivenParam[] {
  const values = parsed(file, readText(file));
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw bad(file, 'The params file holds no "name: value" lines');
  }
  return Object.entries(values).map(([name, value]) => ({ name, value: value as unknown, where: file }));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const isAbsent = systemCode(error) === 'ENOENT';
    throw bad(file, isAbsent ? 'There is no such params file' : `The params file cannot be read: ${messageOf(error)}`);
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return parse(text, { prettyErrors: true });
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const at = error.linePos?.[0];
    const [message = ''] = error.message.split(/ at line \d+|\n/);
    throw bad(at ? `${file}:${at.line}:${at.col}` : file, `The params file is not valid YAML: ${message}`);
  }
}

function bad(where: string, message: string): PipelineError {
  return new PipelineError({ code: 'params-file', message, where, hint: 'Write one "name: value" a line.' });
}
