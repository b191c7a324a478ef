import { hash } from 'node:crypto';
import { basename } from 'node:path';

/** An input that several tasks need. */
export interface SharedInput {
  /** URL. */
  location: string;
  /** Bytes. */
  size: number;
  sha256?: string | undefined;
  /** Of the intended version, where no checksum is known. */
  etag?: string | undefined;
}

const MAX_NAME = 100;

/**
 * Names the entry: by its content, or by the version of the object where no checksum is known. The file's own name
 * follows, since some tools resolve links and then check the extension.
 */
export function entryId({ location, size, sha256, etag }: SharedInput): string {
  const name = basename(location)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(-MAX_NAME);
  return `${sha256 ?? `v-${hash('sha256', [location, etag, size].join('\0'))}`}.${name}`;
}
