import { BadFile } from './bad-file.ts';
import { firstBytes } from './text.ts';

export interface KallistoIndexHeader {
  /** Version of the file format. */
  version: number;
  /** Length of its k-mers. */
  k: number;
  /** Number of transcripts; only format 10 states it in its header. */
  targets: number | undefined;
}

/** Formats and the kallisto versions that write and read them: INDEX_VERSION in src/KmerIndex.h. */
const FORMATS: Readonly<Record<number, string>> = {
  10: '0.42.2 to 0.48.0',
  12: '0.50.0',
  13: '0.50.1 and later',
};

/**
 * `write` in src/KmerIndex.cpp, little endian. 0.48.0: format (64 bits), k and number of targets (32 bits each).
 * 0.50 and later: format and size of the graph (64 bits each), then Bifrost's graph: its mark (64 bits), k (32 bits).
 */
const HEADER_BYTES = 28;
const GRAPH_FORMAT = 12;
const GRAPH_MARK = 0x7e215f3f;

/**
 * Reads the header of a kallisto index.
 * @throws BadFile if it is not one.
 */
export function readIndexHeader(path: string): KallistoIndexHeader {
  const bytes = firstBytes(path, HEADER_BYTES);
  const version = bytes.length === HEADER_BYTES ? Number(bytes.readBigUInt64LE(0)) : 0;
  const isGraph = version >= GRAPH_FORMAT;
  if (!FORMATS[version] || (isGraph && bytes.readUInt32LE(20) !== GRAPH_MARK)) {
    throw new BadFile(path, 'is no kallisto index', 'Build one: kallisto index -i FILE transcripts.fa');
  }
  return isGraph
    ? { version, k: bytes.readInt32LE(24), targets: undefined }
    : { version, k: bytes.readInt32LE(8), targets: bytes.readInt32LE(12) };
}

/**
 * Checks that an index fits: kallisto and pizzly must use the same k, otherwise pizzly finds nothing.
 * @throws BadFile for another k, a format other than this kallisto's, or a file that is not an index.
 */
export function checkIndex(path: string, expected: { k: number; version?: number }): KallistoIndexHeader {
  const header = readIndexHeader(path);
  if (expected.version !== undefined && header.version !== expected.version) {
    const problem = `has index format ${header.version} (kallisto ${FORMATS[header.version]}), not ${expected.version}`;
    throw new BadFile(path, problem, 'Build it with the kallisto that reads it.');
  }
  if (header.k !== expected.k) {
    const problem = `was built with k = ${header.k}, but this run uses k = ${expected.k}`;
    throw new BadFile(path, problem, `Say -p k=${header.k}, or build the index again.`);
  }
  return header;
}
