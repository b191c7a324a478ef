import ignoreModule from '@balena/dockerignore';
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { hashFile } from '../../store/hash-file.ts';

/** One entry of a build context. */
export interface ContextFile {
  /** From the context's folder, with `/`. */
  path: string;
  kind: 'file' | 'link' | 'folder';
  /** Permissions, without those to write that others than the owner have: they follow from the umask of a checkout. */
  mode: number;
  /** Hex SHA-256 of a file's bytes, a link's target, nothing of a folder. */
  content: string;
}

const MODE_BITS = 0o755;
/** The module is this function; its types say that it has it as its default. */
const dockerIgnore = ignoreModule as unknown as typeof ignoreModule.default;

/** What a builder sees of a folder, in the order of names: all but what its .dockerignore leaves out. */
export async function contextFiles(folder: string): Promise<ContextFile[]> {
  const ignores = ignoredBy(join(folder, '.dockerignore'));
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/') }))
    .filter(({ entry, path }) => kindOf(entry) !== undefined && !ignores(path))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files: ContextFile[] = [];
  for (const { entry, path } of entries) files.push(await contextFile(entry, path, join(folder, path)));
  return files;
}

async function contextFile(entry: Dirent, path: string, full: string): Promise<ContextFile> {
  const kind = kindOf(entry) ?? 'file';
  // A link's own permissions mean nothing.
  const mode = kind === 'link' ? 0 : lstatSync(full).mode & MODE_BITS;
  return { path, kind, mode, content: await contentOf(kind, full) };
}

async function contentOf(kind: ContextFile['kind'], full: string): Promise<string> {
  switch (kind) {
    case 'file':
      return hashFile(full);
    case 'link':
      return readlinkSync(full);
    case 'folder':
      return '';
  }
}

/** Sockets and pipes go into no image. */
function kindOf(entry: Dirent): ContextFile['kind'] | undefined {
  if (entry.isFile()) return 'file';
  if (entry.isSymbolicLink()) return 'link';
  return entry.isDirectory() ? 'folder' : undefined;
}

/** The Dockerfile counts whether or not it may be copied; the file of rules only by what it leaves out. */
function ignoredBy(file: string): (path: string) => boolean {
  if (!existsSync(file)) return () => false;
  const rules = dockerIgnore({ ignorecase: false }).add(readFileSync(file, 'utf8'));
  return (path) => path === '.dockerignore' || (path !== 'Dockerfile' && rules.ignores(path));
}
