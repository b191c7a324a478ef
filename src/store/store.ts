import type { Readable } from 'node:stream';

/** One version of an object. */
export interface ObjectVersion {
  /** Path inside the store, with `/`, never starting with one. */
  key: string;
  /** Bytes. */
  size: number;
  /** Changes whenever the content may have changed: S3's ETag, or a folder's size and mtime. */
  etag: string;
}

/** What `list` and `head` return about an object. */
export interface ObjectInfo extends ObjectVersion {
  /**
   * When it was last written, by the store's clock, in ms since the epoch. A file moved into a folder keeps its time.
   */
  modified: number;
}

/** Leftover of a writer that died: not an object and in no listing, but it takes space. */
export interface Unfinished {
  /** For display. */
  name: string;
  /** Bytes. */
  size: number;
  /** When it was started or last written to, ms since the epoch. */
  modified: number;
  /** Does nothing if it no longer exists. */
  remove(): Promise<void>;
}

export interface TransferOptions {
  /** Hex SHA-256 that the content must have; a mismatch throws `checksum-mismatch` and leaves nothing. */
  sha256?: string;
  signal?: AbortSignal;
}

export interface PublishOptions extends TransferOptions {
  /**
   * The object may be removed once it has not been needed for some time. S3 tags it, so that a bucket's lifecycle can
   * select it; to a folder it means nothing.
   */
  expendable?: boolean;
}

/**
 * Where objects live: a folder or an S3 prefix. Everything that outlives a process is kept here. An absent object is
 * `undefined` from `head` and `read`, and `object-not-found` from the transfers. No method ever leaves a half-written
 * object under its final key.
 */
export interface Store {
  /** `file:///…` or `s3://bucket/prefix`; the same URL gives the same objects from anywhere. */
  readonly url: string;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** A small object, whole. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Bytes from `start` to the end, for logs and large files. */
  stream(key: string, options?: { start?: number; signal?: AbortSignal }): Promise<Readable>;
  /** Creates or replaces. */
  write(key: string, body: string | Uint8Array): Promise<void>;
  /** Creates only if absent: of any number of concurrent writers exactly one gets `true`. */
  create(key: string, body: string | Uint8Array): Promise<boolean>;
  /** Publishes a local file, creating or replacing; the local file may no longer exist afterwards. */
  putFile(key: string, path: string, options?: PublishOptions): Promise<ObjectVersion>;
  /** Makes the object's content readable at `path`; a folder links instead of copying: never write to it. */
  getFile(key: string, path: string, options?: TransferOptions): Promise<ObjectInfo>;
  /** Every object whose key starts with `prefix` (byte order is not promised), in pages of at most 1,000. */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<readonly ObjectInfo[]>;
  /** Removes these objects; an absent one is no error. */
  remove(keys: readonly string[]): Promise<void>;
  /** Writes that were started and have not ended, including those in progress. */
  unfinished(): Promise<Unfinished[]>;
  /** Path of an object's file if the store is a local folder, else `undefined`. */
  localPath(key: string): string | undefined;
}
