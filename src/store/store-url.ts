import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, PipelineError } from '../errors.ts';
import { checkKey } from './check-key.ts';

/** docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** How stores in S3 are written. */
export const S3_FORM = 's3://BUCKET/PREFIX';

/**
 * Bucket and prefix of an `s3:` URL. The prefix has no `/` at either end and may be empty.
 * @throws PipelineError `store-url-invalid`
 */
export function s3Location(url: string): { bucket: string; prefix: string } {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(url) ?? [];
  if (!BUCKET.test(bucket))
    throw invalidStore(url, `"${bucket}" is not a valid bucket name`, `Write it as ${S3_FORM}.`);
  const prefix = path.replace(/\/+$/, '');
  if (prefix !== '') checkKey(prefix);
  return { bucket, prefix };
}

/** The URL of its bucket, and the key of an object there; `undefined` for what names no object. */
export function splitS3(url: string): { store: string; key: string } | undefined {
  const [, store, key] = /^(s3:\/\/[^/]+)\/(.+)$/i.exec(url) ?? [];
  return store === undefined || key === undefined ? undefined : { store, key };
}

/** The folder of a path (absolute or relative to the working folder), or of a `file:` URL. */
export function folderRoot(url: string): string {
  if (!/^file:/i.test(url)) return resolve(url);
  try {
    return resolve(fileURLToPath(url));
  } catch (error) {
    throw invalidStore(url, messageOf(error), 'Give a path.');
  }
}

/** The folder of a file, and the file's name there. Folder stores return `file:` URLs, which encode a blank as `%20`. */
export function splitPath(location: string): { store: string; key: string } {
  const path = location.startsWith('file://') ? pathOfUrl(location) : resolve(location);
  return { store: dirname(path), key: path.slice(join(dirname(path), '/').length) };
}

function pathOfUrl(location: string): string {
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw new PipelineError({ code: 'location-invalid', message: `"${location}" is not a file: ${messageOf(error)}` });
  }
}

export function invalidStore(url: string, why: string, hint: string): PipelineError {
  const message = `${JSON.stringify(url)} is not a valid store: ${why}`;
  return new PipelineError({ code: 'store-url-invalid', message, hint });
}
