import { hash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { ExitCode, PipelineError } from '../errors.ts';
import { gcMarkKey } from '../record/keys.ts';
import { isProcessAlive, processStart } from '../record/proc.ts';
import type { Store } from '../store/store.ts';

/** Who is removing things from the store, or did last. */
const gcMark = z.object({
  /** Another one each time. */
  id: z.string(),
  /** ISO 8601, by that process's clock; renewed while it works. */
  at: z.string(),
  host: z.string(),
  pid: z.number().int(),
  start: z.string(),
  over: z.boolean(),
});
export type GcMark = z.infer<typeof gcMark> & {
  /** When it was read: a process that was at work by then may have ended since. */
  atWork: boolean;
};

const RENEW_MS = 30_000;
/** A mark from another host that is older than this is a dead process's. */
const STALE_MS = 10 * 60_000;

/** A mark that cannot be read is one of somebody who is through: it may have been a disk that was full. */
export async function readGcMark(store: Store): Promise<GcMark | undefined> {
  const body = await store.read(gcMarkKey);
  if (!body) return undefined;
  const mark = parsed(body) ?? unreadable(body);
  return { ...mark, atWork: isAtWork(mark) };
}

function parsed(body: Uint8Array): z.infer<typeof gcMark> | undefined {
  try {
    return gcMark.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

/** Another one for each content, so that a run sees it appear. */
function unreadable(body: Uint8Array): z.infer<typeof gcMark> {
  return { id: hash('sha256', body), at: 'unknown', host: 'unknown', pid: 0, start: '', over: true };
}

/**
 * Does `work` while the mark keeps runs from starting. A run looks at the mark before it plans and once it has claimed its
 * id; `work` looks for claimed runs once the mark is there. So one of the two always sees the other.
 * @throws PipelineError `gc-busy` while another one is at it
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
  // A renewal that fails is made up for by the next.
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
    message: `batch-pipeline gc is removing things from the store just now, or has meanwhile (on ${host}, ${at})`,
    hint: 'Nothing was started: run the same command again when it is over.',
    exitCode: ExitCode.environment,
  });
}
