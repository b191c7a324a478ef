import { hash } from 'node:crypto';
import type { ContextFile } from './context-files.ts';

/** Stands for all that an image is built from, as far as this program knows it. */
export interface ContentTag {
  /** Of the files, and of the parent's. */
  content: string;
  /** Of the build arguments, and of the parent's; empty where none are given. */
  args: string;
}

export interface ImageContent {
  files: readonly ContextFile[];
  buildArgs: Readonly<Record<string, string>>;
  parent?: ContentTag;
}

/** Changes where the same files are to be built in another way. */
const VERSION = 'batch-pipeline image 1';
/** Hex digits: 80 and 40 bits. A tag may have 128 characters. */
const CONTENT_DIGITS = 20;
const ARGS_DIGITS = 10;

export function contentTag({ files, buildArgs, parent }: ImageContent): ContentTag {
  const lines = files.map(({ path, kind, mode, content }) => [path, kind, mode, content]);
  const args = Object.entries(buildArgs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const plain = args.length === 0 && !parent?.args;
  return {
    content: digits([VERSION, lines, parent?.content ?? ''], CONTENT_DIGITS),
    args: plain ? '' : digits([args, parent?.args ?? ''], ARGS_DIGITS),
  };
}

/** `f3c1…`, and `f3c1…-9a0b…` with build arguments. */
export function tagText({ content, args }: ContentTag): string {
  return args === '' ? content : `${content}-${args}`;
}

/** True where this tag is of the same files, whatever the build arguments were. */
export function isOfContent(tag: string, { content }: ContentTag): boolean {
  return tag === content || tag.startsWith(`${content}-`);
}

function digits(value: unknown, count: number): string {
  return hash('sha256', JSON.stringify(value), 'hex').slice(0, count);
}
