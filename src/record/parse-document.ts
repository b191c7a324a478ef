import { hash } from 'node:crypto';
import { z } from 'zod';
import { ExitCode, PipelineError } from '../errors.ts';

/**
 * Reads a JSON document of the store, and compares its content with a checksum where there is one.
 * @throws PipelineError `document-missing`; `document-newer` for one of a version that only a later program knows;
 * `document-changed` for one that was edited or cut short since it was written.
 */
export function parseDocument<S extends z.ZodType>(
  schema: S,
  key: string,
  body: Uint8Array | undefined,
  sha256?: string,
): z.output<S> {
  if (!body) throw unusable('document-missing', `${key} is not in the store any more`);
  const document = documentOf(schema, key, parsedJson(body));
  if (sha256 === undefined || hash('sha256', body) === sha256) return document;
  throw changed(key);
}

/** The same for JSON that has been read. */
export function documentOf<S extends z.ZodType>(schema: S, key: string, json: unknown): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw isNewer(schema, json) ? newerDocument(key) : changed(key);
}

/** What is JSON, and `undefined` for what is none: cut short, or empty. */
export function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** A document that only informs, so that one that cannot be read counts as absent: `undefined` where it is none of `schema`. */
export function readableDocument<S extends z.ZodType>(
  schema: S,
  body: Uint8Array | undefined,
): z.output<S> | undefined {
  return body && schema.safeParse(parsedJson(body)).data;
}

/** What a later program wrote: this one can neither use it nor take it away. */
export function newerDocument(key: string): PipelineError {
  return new PipelineError({
    code: 'document-newer',
    message: `${key} was written by a newer batch-pipeline`,
    hint: 'Upgrade this one: npm install --global batch-pipeline@latest. Nothing was changed.',
    exitCode: ExitCode.environment,
  });
}

const versioned = z.object({ version: z.number().int().positive() });

/** True for a document of a version that its schema does not know. */
export function isNewer(schema: z.ZodType, json: unknown): boolean {
  const { data } = versioned.safeParse(json);
  const known = schema instanceof z.ZodObject ? (schema.shape['version'] as z.ZodType | undefined) : undefined;
  return data !== undefined && known !== undefined && !known.safeParse(data.version).success;
}

function changed(key: string): PipelineError {
  return unusable('document-changed', `${key} is not what was written there`);
}

function unusable(code: string, message: string): PipelineError {
  return new PipelineError({
    code,
    message,
    hint: 'Something changed the store underneath: restore it, or start the run again; finished tasks are kept.',
    exitCode: ExitCode.environment,
  });
}
