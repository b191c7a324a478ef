import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, open, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { messageOf, systemCode } from '../errors.ts';
import { FetchAndRunExit, LaunchError } from './exit.ts';
import type { ForwardedSignals } from './signals.ts';

/** For a script without a first line `#!…`, as when bash starts it (execvp would use sh). */
const SHELL = 'bash';
const START_BYTES = 256;

interface LaunchOptions {
  cwd: string;
  signals: ForwardedSignals;
}

/**
 * Runs a fetched file with this process's input, output and environment; resolves to its exit code, or 128 + signal.
 * @throws LaunchError if it cannot be started
 */
export async function launch(program: string, args: readonly string[], options: LaunchOptions): Promise<number> {
  await makeExecutable(program);
  const start = await readStart(program);
  // A binary has an early zero byte.
  if (!start.startsWith('#!') && !start.includes('\0')) return run(SHELL, [program, ...args], options);
  try {
    return await run(program, args, options);
  } catch (error) {
    throw explained(error, program, start.split('\n')[0] ?? '');
  }
}

async function makeExecutable(program: string): Promise<void> {
  const found = await stat(program).catch(() => undefined);
  if (!found) throw new LaunchError(127, { message: 'There is no such program in what was fetched', where: program });
  if (!found.isFile()) throw new LaunchError(126, { message: 'The program is no file', where: program });
  await chmod(program, found.mode | 0o500);
}

async function run(program: string, args: readonly string[], { cwd, signals }: LaunchOptions): Promise<number> {
  const child = spawn(program, args, { cwd, stdio: 'inherit' });
  await once(child, 'spawn');
  signals.forwardTo((signal) => void child.kill(signal));
  return exitCode(child);
}

async function exitCode(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const { exitCode: code, signalCode } = child;
  return code ?? FetchAndRunExit.signal + constants.signals[signalCode ?? 'SIGKILL'];
}

function explained(error: unknown, program: string, firstLine: string): LaunchError {
  if (systemCode(error) === 'ENOENT' && firstLine.startsWith('#!')) {
    const message = `Its interpreter is not in this image: ${JSON.stringify(firstLine)}`;
    return new LaunchError(127, {
      message,
      where: program,
      ...(firstLine.endsWith('\r') && { hint: CARRIAGE_RETURN }),
    });
  }
  if (systemCode(error) !== 'EACCES') return new LaunchError(126, { message: messageOf(error), where: program });
  const hint = 'Is the temporary folder mounted noexec? Set TMPDIR to another one.';
  return new LaunchError(126, { message: 'It may not be executed', where: program, hint });
}

const CARRIAGE_RETURN = 'The line ends as on Windows: save the script with Unix line ends.';

async function readStart(program: string): Promise<string> {
  await using file = await open(program);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
  return buffer.toString('latin1', 0, bytesRead);
}
