import { hash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { ExitCode, PipelineError } from '../errors.ts';
import { gcMarkKey } from '../record/keys.ts';
import { readableDocument } from '../record/parse-document.ts';
import { isProcessAlive, processStart } from '../record/proc.ts';
import type { Store } from '../store/store.ts';

/** The process that is running `gc` on the store, or was the last to. */
const gcMark = z.object({
  /** Different for each `gc`. */
  id: z.string(),
  /** ISO 8601, by that process's clock; renewed while it runs. */
  at: z.string(),
  host: z.string(),
  pid: z.number().int(),
  start: z.string(),
  over: z.boolean(),
});
export type GcMark = z.infer<typeof gcMark> & {
  /** Whether its process was running when the mark was read; it may have ended since. */
  atWork: boolean;
};

const RENEW_MS = 30_000;
/** A mark from another host that is older than this belongs to a dead process. */
const STALE_MS = 10 * 60_000;

/** An unreadable mark counts as that of a finished process: a full disk may have cut it short. */
export async function readGcMark(store: Store): Promise<GcMark | undefined> {
  const body = await store.read(gcMarkKey);
  if (!body) return undefined;
  const mark = readableDocument(gcMark, body) ?? unreadable(body);
  return { ...mark, atWork: isAtWork(mark) };
}

/** The id depends on the content, so that a run notices a new mark. */
function unreadable(body: Uint8Array): z.infer<typeof gcMark> {
  return { id: hash('sha256', body), at: 'unknown', host: 'unknown', pid: 0, start: '', over: true };
}

/**
 * Performs `work` while the mark keeps runs from starting. A run checks the mark before planning and after claiming its
 * id; `work` checks for claimed runs after the mark is written. So at least one always sees the other.
 * @throws PipelineError `gc-busy` while another `gc` is running
 */
export async function whileMarked<T>(store: Store, work: () => Promise<T>): Promise<T> {
  const there = await readGcMark(store);
  if (there?.atWork) throw busy(there);
  const { pid } = process;
  const mark = { id: randomUUID(), host: hostname(), pid, start: processStart(pid) };
  const write = (over: boolean) =>
    store.write(
      gcMarkKey,
      JSON.stringify({ ...mark, at: new Date().toISOString(), over } satisfies z.infer<typeof gcMark>),
    );
  await write(false);
  const first = await readGcMark(store);
  if (first && first.id !== mark.id) throw busy(first);
  let renewed = Promise.resolve();
  // A failed renewal is made good by the next one.
  const renew = (): void => void (renewed = write(false).catch(() => undefined));
  const timer = setInterval(renew, RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await renewed;
    await write(true);
  }
}

/**
 * For a run that has claimed its id.
 * @throws PipelineError `gc-busy` if anything may have been removed since it looked at the store
 */
export async function refuseIfRemoved(store: Store, before: GcMark | undefined): Promise<void> {
  const now = await readGcMark(store);
  if (before?.atWork) throw busy(before);
  if (now && (now.atWork || now.id !== before?.id)) throw busy(now);
}

function isAtWork({ over, host, pid, start, at }: z.infer<typeof gcMark>): boolean {
  if (over) return false;
  return host === hostname() ? isProcessAlive(pid, start) : Math.abs(Date.now() - Date.parse(at)) < STALE_MS;
}

function busy({ host, at }: GcMark): PipelineError {
  return new PipelineError({
    code: 'gc-busy',
    message: `batch-pipeline gc is running on this store, or ran while this command was planning (on ${host}, ${at})`,
    hint: 'Nothing was started: run the same command again once gc has finished.',
    exitCode: ExitCode.environment,
  });
}
