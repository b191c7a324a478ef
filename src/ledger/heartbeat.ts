import { hostname } from 'node:os';
import { z } from 'zod';
import { runKeys } from '../record/keys.ts';
import { readableDocument } from '../record/parse-document.ts';
import { isProcessAlive, processStart } from '../record/proc.ts';
import type { Store } from '../store/store.ts';

/** What the process that drives a local run writes once a second for other processes to read. */
const heartbeat = z.object({
  /** ISO 8601, by that process's clock. */
  at: z.string(),
  host: z.string(),
  pid: z.number().int(),
  /** See `processStart`. */
  start: z.string().default(''),
  /** Scratch root of its attempts, which holds the logs still being written. */
  scratchRoot: z.string(),
  running: z.array(z.object({ job: z.string(), index: z.number().int(), step: z.string(), seconds: z.number() })),
});
export type Heartbeat = z.infer<typeof heartbeat>;

/** A heartbeat from another host that is older than this belongs to a dead process. */
const STALE_SECONDS = 60;

export async function writeHeartbeat(
  store: Store,
  run: string,
  beat: Omit<Heartbeat, 'at' | 'host' | 'pid' | 'start'>,
): Promise<void> {
  const { pid } = process;
  const full: Heartbeat = { at: new Date().toISOString(), host: hostname(), pid, start: processStart(pid), ...beat };
  await store.write(runKeys.heartbeat(run), JSON.stringify(full));
}

/** The heartbeat of a live process; `undefined` if no process drives the run any more. */
export async function readHeartbeat(store: Store, run: string): Promise<Heartbeat | undefined> {
  const beat = readableDocument(heartbeat, await store.read(runKeys.heartbeat(run)));
  return beat && isAlive(beat) ? beat : undefined;
}

function isAlive({ host, pid, start, at }: Heartbeat): boolean {
  if (host !== hostname()) return Math.abs(Date.now() - Date.parse(at)) < STALE_SECONDS * 1000;
  return isProcessAlive(pid, start);
}
