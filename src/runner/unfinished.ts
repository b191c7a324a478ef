import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StepFailure } from '../pipeline/step.ts';
import { commandOf, livingChildren } from './process-group.ts';
import type { DeclaredOutput } from './publish.ts';
import { shortCommand } from './tool-calls.ts';

/** Flushing a stream to a busy disk takes no longer. */
const PATIENCE_MS = 2000;

/**
 * Processes that the step's code has started without `$` must have ended. `known` are the children that the runner had
 * before the step began, such as the holders of its locks.
 * @throws StepFailure `tool` naming the commands
 */
export function refuseChildren(known: ReadonlySet<number>): void {
  const left = livingChildren(known);
  if (left.length === 0) return;
  const commands = left.map((pid) => `"${shortCommand([commandOf(pid)])}"`).join(', ');
  throw new StepFailure('tool', `run returned while ${commands} was still running`, {
    hint: 'Await the end of every process that the step starts; $`…` does it for you.',
  });
}

/** File descriptors that Node itself uses throughout and no step opens: they need no check. */
const NODES_OWN = new Set(listFds().filter((fd) => Number(fd) <= 2 || /^(?:anon_inode|socket|pipe):/.test(linkOf(fd))));

/**
 * Waits up to two seconds for Node's pending writes; a file that stays open for writing may be truncated, and so may
 * any while file operations are pending. The runner itself has none at this point.
 * @throws StepFailure `tool` naming the outputs that are open
 */
export async function refuseOpenOutputs(outputs: readonly DeclaredOutput[]): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  // A new stream opens its file in the next turn of the event loop.
  do await nextTurn();
  while (isFileWorkPending() && performance.now() < giveUpAt);
  const written = openForWriting();
  const open = written.size === 0 ? [] : outputs.filter(({ path }) => written.has(realPath(path)));
  if (open.length > 0) {
    const names = open.map(({ name }) => `"${name}"`).join(', ');
    throw new StepFailure('tool', `run returned while the step was still writing its output ${names}`, {
      hint: 'Await the end of the stream: await pipeline(…), or await finished(stream).',
    });
  }
  if (!isFileWorkPending()) return;
  throw new StepFailure('tool', 'run returned while the step was still reading or writing files', {
    hint: 'Await every call that works with files, such as appendFile.',
  });
}

function isFileWorkPending(): boolean {
  // A CloseReq is what a FileHandle is closed with.
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq') || name === 'CloseReq');
}

/** Paths of the files that this process has open for writing. */
function openForWriting(): ReadonlySet<string> {
  const open = listFds().filter((fd) => !NODES_OWN.has(fd));
  return new Set(
    open.flatMap((fd) => {
      const path = linkOf(fd);
      return /^\/(?!dev\/)/.test(path) && isWritable(fd) ? [path] : [];
    }),
  );
}

function listFds(): string[] {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}

/** Empty for a descriptor closed meanwhile. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** The access mode is in the two lowest bits of the flags, in octal; 0 is for reading only. */
function isWritable(fd: string): boolean {
  try {
    return /^flags:\s+\d*[12567]$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
