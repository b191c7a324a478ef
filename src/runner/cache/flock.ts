import { spawn } from 'node:child_process';
import { messageOf } from '../../errors.ts';
import { CacheUnusable } from './cache-unusable.ts';

/** A lock that the kernel releases when this process ends, however it ends. */
export interface Lock {
  release(): void;
}

/** As in flock(1). */
const FLAGS = { shared: '-s', exclusive: '-x' } as const;

/**
 * Waits for a lock on a file, which is created if missing. flock(1) holds it for a `cat` that reads from us: its input
 * ends when this process does, and then so does the lock. It works between containers, which share no pids.
 * @throws CacheUnusable where locking is not possible; the signal's reason when it aborts
 */
export async function takeLock(path: string, mode: keyof typeof FLAGS, signal: AbortSignal): Promise<Lock> {
  signal.throwIfAborted();
  const holder = spawn('flock', [FLAGS[mode], path, 'cat'], {
    ...{ cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] },
    // Ctrl-C on a terminal reaches its whole process group; the lock must outlive it.
    detached: true,
  });
  holder.stdin.on('error', () => undefined);
  const release = (): void => {
    holder.stdin.destroy();
    holder.kill('SIGKILL');
  };
  return new Promise((settle, fail) => {
    const stop = (): void => {
      release();
      fail(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    const over = (): void => signal.removeEventListener('abort', stop);
    holder.once('error', (error) => (over(), fail(new CacheUnusable(`no flock(1): ${messageOf(error)}`))));
    holder.once(
      'exit',
      (code) => (over(), fail(new CacheUnusable(`flock(1) cannot lock ${path} (exit code ${code})`))),
    );
    // The echo of cat means that the lock is held.
    holder.stdout.once('data', () => (over(), settle({ release })));
    holder.stdin.write('\n');
  });
}

/**
 * Runs a short command under an exclusive lock on the file; `false` if the lock is held already, or the command failed.
 */
export async function runIfFree(path: string, argv: readonly string[]): Promise<boolean> {
  const child = spawn('flock', ['-n', FLAGS.exclusive, path, ...argv], { cwd: '/', stdio: 'ignore', detached: true });
  return new Promise((settle) => {
    child.once('error', () => settle(false));
    child.once('exit', (code) => settle(code === 0));
  });
}
