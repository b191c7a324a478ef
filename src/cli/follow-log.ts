import { existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { logKey } from '../record/keys.ts';
import { readHeartbeat } from '../ledger/heartbeat.ts';
import { LOG_FILE, type ScratchOwner } from '../runner/scratch.ts';
import type { Store } from '../store/store.ts';

/** The log of a task that runs right now on this machine. */
export interface LiveLog {
  /** The attempt's scratch folder. */
  folder: string;
  owner: ScratchOwner;
}

/** Finds the log of a sample's running task, of one step if given. */
export async function findLiveLog(
  store: Store,
  run: string,
  sample: string,
  step: string | undefined,
): Promise<LiveLog | undefined> {
  const beat = await readHeartbeat(store, run);
  if (!beat || !existsSync(beat.scratchRoot)) return undefined;
  for (const name of readdirSync(beat.scratchRoot)) {
    const folder = join(beat.scratchRoot, name);
    const owner = readOwner(join(folder, 'task.json'));
    if (owner?.run === run && owner.sample === sample && (step === undefined || owner.step === step))
      return { folder, owner };
  }
  return undefined;
}

function readOwner(file: string): ScratchOwner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ScratchOwner;
  } catch {
    return undefined;
  }
}

const FOLLOW_MS = 200;
const CHUNK_BYTES = 64 * 1024;

/** Prints what is in a log so far; with `follow` also what comes, until the attempt is over. */
export async function printLiveLog(store: Store, { folder, owner }: LiveLog, follow: boolean): Promise<void> {
  let log = openLog(folder);
  while (follow && existsSync(folder)) {
    log ??= openLog(folder);
    if (log !== undefined) printRest(log);
    await sleep(FOLLOW_MS);
  }
  // What was opened stays readable although the log is moved into the store as soon as the attempt is over.
  if (log !== undefined) printRest(log);
  else process.stdout.write((await store.read(logKey(owner, owner))) ?? '');
}

function openLog(folder: string): number | undefined {
  try {
    return openSync(join(folder, LOG_FILE), 'r');
  } catch {
    return undefined;
  }
}

/** Everything from where the last call ended. */
function printRest(log: number): void {
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const count = readSync(log, chunk);
    if (count === 0) return;
    process.stdout.write(chunk.subarray(0, count));
  }
}
