import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError, messageOf } from '../errors.ts';
import { checkKey } from './check-key.ts';

export type StoreLocation = { kind: 'folder'; root: string } | { kind: 's3'; bucket: string; prefix: string };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;
/** docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Parses the location of a store: a path (absolute or relative to the working folder), `file:///path` or
 * `s3://bucket/prefix`. The prefix has no `/` at either end and may be empty.
 * @throws PipelineError `store-url-invalid`
 */
export function parseStoreUrl(url: string): StoreLocation {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (url.trim() === '') throw invalid(url, 'it is empty');
  if (scheme === undefined) return { kind: 'folder', root: resolve(url) };
  if (scheme === 'file') return { kind: 'folder', root: fileRoot(url) };
  if (scheme === 's3') return s3Location(url);
  throw invalid(url, `"${scheme}:" is not a supported kind of store`);
}

function fileRoot(url: string): string {
  try {
    return resolve(fileURLToPath(url));
  } catch (error) {
    throw invalid(url, messageOf(error));
  }
}

function s3Location(url: string): StoreLocation {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(url) ?? [];
  if (!BUCKET.test(bucket)) throw invalid(url, `"${bucket}" is not a valid bucket name`);
  const prefix = path.replace(/\/+$/, '');
  if (prefix !== '') checkKey(prefix);
  return { kind: 's3', bucket, prefix };
}

function invalid(url: string, why: string): PipelineError {
  return new PipelineError({
    code: 'store-url-invalid',
    message: `${JSON.stringify(url)} is not a valid store: ${why}`,
    hint: 'Give a folder, or s3://BUCKET/PREFIX.',
  });
}
