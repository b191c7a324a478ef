import { PipelineError } from '../errors.ts';

/**
 * `name=value` flags as an object.
 * @throws PipelineError `flag-invalid` for what is none, and for two values of one name
 */
export function nameValuePairs(flags: readonly string[] | undefined, flag: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const text of flags ?? []) {
    const at = text.indexOf('=');
    if (at <= 0) throw invalid(`"${text}" is not NAME=VALUE`, flag);
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    const before = pairs.get(name);
    if (before !== undefined) throw invalid(`"${name}" is given twice: ${before} and ${value}`, flag);
    pairs.set(name, value);
  }
  return Object.fromEntries(pairs);
}

function invalid(message: string, where: string): PipelineError {
  return new PipelineError({ code: 'flag-invalid', message, where });
}
