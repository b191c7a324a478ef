import { createWriteStream } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import pLimit from 'p-limit';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { ExitCode, messageOf, PipelineError } from '../errors.ts';

/** File type and permissions lie in the upper half of the attributes, where a Unix made the zip (APPNOTE.TXT 4.4.15). */
const MODE_SHIFT = 16;
const TYPE_MASK = 0o170_000;
const SYMLINK = 0o120_000;
/** A bundle is many small files, and each of them a few trips to the disk. */
const PARALLEL_FILES = 8;
/** What a zip made on Windows says nothing about. */
const PLAIN_MODE = 0o644;

/**
 * Unpacks into an existing, empty folder. Permissions are kept, checksums verified. Nothing is ever written outside:
 * yauzl refuses names that are absolute or have a "..", and symbolic links are made last and only if they stay inside.
 * @throws PipelineError `zip-invalid`, naming `where`
 */
export async function unzip(path: string, folder: string, where: string): Promise<void> {
  try {
    const zip = await openPromise(path, { autoClose: false, strictFileNames: true });
    try {
      await unpackAll(zip, folder);
    } finally {
      zip.close();
    }
  } catch (error) {
    const message = `The zip cannot be unpacked: ${messageOf(error)}`;
    throw new PipelineError({ code: 'zip-invalid', message, where, exitCode: ExitCode.environment, cause: error });
  }
}

async function unpackAll(zip: ZipFile, folder: string): Promise<void> {
  const links: { name: string; target: string }[] = [];
  const files: Entry[] = [];
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    if (name.endsWith('/')) await mkdir(join(folder, name), { recursive: true });
    else if (isLink(entry)) links.push({ name, target: await linkTarget(zip, entry) });
    else files.push(entry);
  }
  await unpackFiles(zip, files, folder);
  for (const { name, target } of links) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await symlink(target, join(folder, name));
  }
}

/** Returns or throws only when nothing is under way any more: the zip is closed then. */
async function unpackFiles(zip: ZipFile, files: readonly Entry[], folder: string): Promise<void> {
  const limit = pLimit(PARALLEL_FILES);
  const unpacked = await Promise.allSettled(
    files.map((entry) => limit(() => unpackFile(zip, entry, join(folder, entry.fileName)))),
  );
  const failed = unpacked.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

async function unpackFile(zip: ZipFile, entry: Entry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const mode = (entry.externalFileAttributes >>> MODE_SHIFT) & 0o777 || PLAIN_MODE;
  const content = await zip.openReadStreamPromise(entry);
  await pipeline(content, (source) => checked(source, entry), createWriteStream(path, { flags: 'wx' }));
  await chmod(path, mode);
}

/** Passes the content on; yauzl compares its size with what the zip says, but not its checksum. */
async function* checked(source: AsyncIterable<Buffer>, entry: Entry): AsyncGenerator<Buffer> {
  let sum = 0;
  for await (const chunk of source) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} is wrong`);
}

function isLink(entry: Entry): boolean {
  return ((entry.externalFileAttributes >>> MODE_SHIFT) & TYPE_MASK) === SYMLINK;
}

async function linkTarget(zip: ZipFile, entry: Entry): Promise<string> {
  const target = await text(await zip.openReadStreamPromise(entry));
  const inside = normalize(join(dirname(entry.fileName), target));
  if (target.startsWith('/') || inside === '..' || inside.startsWith('../')) {
    throw new Error(`the link ${entry.fileName} leads outside, to ${target}`);
  }
  return target;
}
