import { basename } from 'node:path/posix';
import { PipelineError } from '../errors.ts';

/** What to fetch and how to run it. */
export interface FetchRequest {
  /** `script`: the object is the program. `zip`: `program` is a file in it. */
  type: 'script' | 'zip';
  bucket: string;
  key: string;
  /** Hex digest that the object must have, if given. */
  sha256: string | undefined;
  /** Path of the program inside the folder with what was fetched. */
  program: string;
  args: readonly string[];
  /** URL of an S3-compatible server. */
  endpoint: string | undefined;
  /** Attempts per S3 request, if the environment sets it. */
  attempts: number | undefined;
  /** Keep the fetched files. */
  keep: boolean;
}

export const USAGE = `usage:
  BATCH_FILE_TYPE=script BATCH_FILE_S3_URL=s3://bucket/key fetch-and-run [name-of-the-script] [argument...]
  BATCH_FILE_TYPE=zip    BATCH_FILE_S3_URL=s3://bucket/key fetch-and-run program-in-the-zip [argument...]
optional: BATCH_FILE_SHA256=hex-digest  KEEP_BATCH_FILE_CONTENTS=1  AWS_ENDPOINT_URL_S3=http://host:port`;

/**
 * The contract that AWS published with its first "fetch & run" image: type and URL in the environment, the rest as arguments.
 * @throws PipelineError `fetch-and-run-usage`
 */
export function parseRequest(env: NodeJS.ProcessEnv, args: readonly string[]): FetchRequest {
  const type = typeOf(env['BATCH_FILE_TYPE']);
  const { bucket, key } = locationOf(env['BATCH_FILE_S3_URL']);
  const sha256 = digestOf(env['BATCH_FILE_SHA256']);
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || undefined;
  const keep = Boolean(env['KEEP_BATCH_FILE_CONTENTS']);
  const attempts = Number(env['AWS_MAX_ATTEMPTS']) || undefined;
  return { type, bucket, key, sha256, endpoint, attempts, keep, ...programOf(type, basename(key), args) };
}

function typeOf(text: string | undefined): 'script' | 'zip' {
  if (text === 'script' || text === 'zip') return text;
  throw usage(
    text
      ? `BATCH_FILE_TYPE is "${text}", but must be "script" or "zip"`
      : 'BATCH_FILE_TYPE is not set ("script" or "zip")',
  );
}

function locationOf(url: string | undefined): { bucket: string; key: string } {
  if (!url) throw usage('BATCH_FILE_S3_URL is not set (s3://bucket/key)');
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(url) ?? [];
  if (!bucket || !key || key.endsWith('/')) throw usage(`BATCH_FILE_S3_URL is "${url}", but must be s3://bucket/key`);
  return { bucket, key };
}

function digestOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw usage(`BATCH_FILE_SHA256 is "${text}", but must be 64 hex digits`);
}

/**
 * AWS's script drops the first argument of a script, taking it for its name; people also leave the name out.
 * Both work: it is dropped only where it is the name of the object.
 */
function programOf(
  type: 'script' | 'zip',
  name: string,
  args: readonly string[],
): Pick<FetchRequest, 'program' | 'args'> {
  const [first, ...rest] = args;
  if (type === 'script') return { program: name, args: first !== undefined && basename(first) === name ? rest : args };
  if (!first) throw usage('A zip needs an argument: the program inside it');
  return { program: first, args: rest };
}

function usage(message: string): PipelineError {
  return new PipelineError({ code: 'fetch-and-run-usage', message });
}
