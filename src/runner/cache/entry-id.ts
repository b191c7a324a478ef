import { hash } from 'node:crypto';
import { basename } from 'node:path';

/** An input that more than one task wants. */
export interface SharedInput {
  /** URL. */
  location: string;
  /** Bytes. */
  size: number;
  sha256?: string | undefined;
  /** Of the version that is meant, where no checksum is known. */
  etag?: string | undefined;
}

const MAX_NAME = 100;

/**
 * Names the entry: by its content, or by the version of the object where that is all that is known. The file's own
 * name stands behind it, since some tools look through links and then at a name's end.
 */
export function entryId({ location, size, sha256, etag }: SharedInput): string {
  const name = basename(location)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(-MAX_NAME);
  return `${sha256 ?? `v-${hash('sha256', [location, etag, size].join('\0'))}`}.${name}`;
}
