import { PipelineError } from '../errors.ts';

/** `name=value` flags as an object. */
export function nameValuePairs(flags: readonly string[] | undefined, flag: string): Record<string, string> {
  return Object.fromEntries(
    (flags ?? []).map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new PipelineError({ code: 'flag-invalid', message: `"${text}" is no NAME=VALUE`, where: flag });
    }),
  );
}
