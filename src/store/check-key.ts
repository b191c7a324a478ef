import { PipelineError } from '../errors.ts';

/** Reserved first segment: a folder store keeps unfinished files there, on the same filesystem. */
export const TEMP_SEGMENT = '.tmp';

/** S3: object keys are at most 1,024 bytes of UTF-8 (docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html). */
const MAX_KEY_BYTES = 1024;
/** NAME_MAX of common filesystems. */
const MAX_SEGMENT_BYTES = 255;
// eslint-disable-next-line no-control-regex -- control characters are what it looks for: XML listings cannot carry them
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Checks a key against the rules of every store, so that a key valid in one store is valid in all.
 * @throws PipelineError `store-key-invalid`
 */
export function checkKey(key: string): void {
  const mistake = keyMistake(key.split('/'), key);
  if (mistake) throw invalid(key, mistake);
}

/** Checks the prefix of a listing: a key whose last segment may be incomplete or absent. */
export function checkPrefix(prefix: string): void {
  const segments = prefix.split('/');
  const last = segments.pop();
  const mistake = last === '..' ? 'it has a ".." segment' : segments.length > 0 && keyMistake(segments, prefix);
  if (mistake) throw invalid(prefix, mistake);
}

function keyMistake(segments: readonly string[], whole: string): string | undefined {
  if (segments[0] === TEMP_SEGMENT) return `"${TEMP_SEGMENT}" is reserved for unfinished files`;
  for (const segment of segments) {
    if (segment === '') return whole === '' ? 'it is empty' : 'it has an empty segment';
    if (segment === '.' || segment === '..') return `it has a "${segment}" segment`;
    if (tooLong(segment, MAX_SEGMENT_BYTES)) return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  if (tooLong(whole, MAX_KEY_BYTES)) return `it is longer than ${MAX_KEY_BYTES} bytes`;
  if (CONTROL.test(whole) || !whole.isWellFormed()) return 'it has characters that not every store supports';
  return undefined;
}

function tooLong(text: string, bytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8: short names, which are most, need no count.
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}

function invalid(key: string, why: string): PipelineError {
  const shown = key.length > 200 ? `${key.slice(0, 200)}…` : key;
  return new PipelineError({
    code: 'store-key-invalid',
    message: `${JSON.stringify(shown)} is not a valid key: ${why}`,
  });
}
