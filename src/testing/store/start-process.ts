import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Part } from './store-process.ts';

/** Beside this file, or beside the built program. */
const PROGRAM = ['store-process.ts', 'store-process.js']
  .map((name) => join(import.meta.dirname, name))
  .find((path) => existsSync(path));

/** A process that has opened a store and waits for the start. */
export interface StoreProcess {
  /** Lets it play its role; resolves with its result. */
  go<T>(): Promise<T>;
  /** `kill -9`; resolves when the process has exited. */
  kill(): Promise<void>;
}

/** `wrap` runs it inside another command (`['unshare', '-m', …]`), `env` instead of this process's environment. */
export async function startProcess(
  part: Part,
  { wrap = [], env = process.env }: { wrap?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<StoreProcess> {
  const words = [...wrap, process.execPath, PROGRAM ?? 'store-process.js', JSON.stringify(part)];
  const child = spawn(wrap[0] ?? process.execPath, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error(`The store process ended: ${errors}`);
    return line.value;
  };
  await nextLine();
  return {
    async go<T>() {
      child.stdin.write('go\n');
      return JSON.parse(await nextLine()) as T;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
