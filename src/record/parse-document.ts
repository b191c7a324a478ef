import { hash } from 'node:crypto';
import type { z } from 'zod';
import { ExitCode, PipelineError } from '../errors.ts';

/**
 * Reads a JSON document of the store, and compares its content with a checksum where there is one.
 * @throws PipelineError `document-missing`; `document-changed` for one that was edited or cut short since it was written.
 */
export function parseDocument<S extends z.ZodType>(
  schema: S,
  key: string,
  body: Uint8Array | undefined,
  sha256?: string,
): z.output<S> {
  if (!body) throw unusable('document-missing', `${key} is not in the store any more`);
  const parsed = schema.safeParse(parsedJson(body));
  if (parsed.success && (sha256 === undefined || hash('sha256', body) === sha256)) return parsed.data;
  throw unusable('document-changed', `${key} is not what was written there`);
}

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function unusable(code: string, message: string): PipelineError {
  return new PipelineError({
    code,
    message,
    hint: 'Something changed the store underneath: restore it, or start the run again; finished tasks are kept.',
    exitCode: ExitCode.environment,
  });
}
