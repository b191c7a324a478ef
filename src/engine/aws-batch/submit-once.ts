import { setTimeout as sleep } from 'node:timers/promises';
import { apiError, failureOf } from '../../aws/failure.ts';
import { backoffMs } from '../../aws/retry.ts';
import { type Patience, Waits } from '../patience.ts';
import type { BatchApi } from './batch-api.ts';
import type { JobSummary, SubmitRequest } from './batch-types.ts';

/** A request whose response was lost may still be in progress when the job is looked up. */
const SETTLE_MS = 1000;

/**
 * Submits one job exactly once. SubmitJob has no idempotency token: if its response is lost, the job is looked up by
 * name before it is submitted again, and once more afterwards.
 * @throws PipelineError `aws-refused`, `aws-denied`, `aws-credentials`, or `aws-unreachable` at the end of the engine's
 * patience
 */
export async function submitOnce(
  api: BatchApi,
  request: SubmitRequest,
  { pace, patience }: { pace: Pace; patience: Patience },
): Promise<string> {
  const waits = new Waits(patience);
  let lost = false;
  for (;;) {
    await pace.turn();
    try {
      const jobId = await api.submitJob(request);
      return lost ? ((await lookUp(api, request)) ?? jobId) : jobId;
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'refused') throw apiError(error, 'batch:SubmitJob', `job ${request.jobName}`);
      lost ||= failure === 'lost';
      const found = failure === 'lost' ? await lookTwice(api, request, patience.signal) : undefined;
      if (found !== undefined) return found;
      if (!(await waits.wait((failures) => backoffMs(failures, failure === 'throttled' ? 'throttled' : 'other'))))
        throw apiError(error, 'batch:SubmitJob', `job ${request.jobName}`);
    }
  }
}

async function lookTwice(api: BatchApi, request: SubmitRequest, signal: AbortSignal): Promise<string | undefined> {
  const found = await lookUp(api, request);
  if (found !== undefined) return found;
  await sleep(SETTLE_MS, undefined, { signal });
  return lookUp(api, request);
}

async function lookUp(api: BatchApi, { jobQueue, jobName }: SubmitRequest): Promise<string | undefined> {
  return (await jobsByName(api, jobQueue, [jobName])).get(jobName);
}

/** Rate limiter: turns are granted one after another, at most this many per second. */
export class Pace {
  readonly #everyMs: number;
  readonly #signal: AbortSignal;
  #next = 0;

  constructor(perSecond: number, signal: AbortSignal) {
    this.#everyMs = 1000 / perSecond;
    this.#signal = signal;
  }

  async turn(): Promise<void> {
    const now = performance.now();
    const mine = Math.max(now, this.#next);
    this.#next = mine + this.#everyMs;
    if (mine > now) await sleep(mine - now, undefined, { signal: this.#signal });
  }
}

/**
 * Jobs that the queue has under these names. All names of a run start alike, so that one listing finds them. Names are
 * unique for ever: of two jobs under one name the later came of an answer that was lost, and is taken back.
 */
export async function jobsByName(
  api: BatchApi,
  queue: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const wanted = new Set(names);
  const listed = (await api.listJobsNamed(queue, commonStart(names))).filter(({ jobName }) => wanted.has(jobName));
  const found = new Map<string, string>();
  for (const [name, jobs] of Map.groupBy(listed, ({ jobName }) => jobName)) {
    const [first, ...later] = jobs.toSorted(oldestFirst);
    if (first) found.set(name, first.jobId);
    for (const job of later.filter(isLive))
      await api.terminateJob(job.jobId, 'A job of the same name was submitted before');
  }
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name) as string]] : [])));
}

/** What all of these start with. */
export function commonStart(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

function oldestFirst(a: JobSummary, b: JobSummary): number {
  return a.createdAt - b.createdAt || (a.jobId < b.jobId ? -1 : 1);
}

function isLive({ status }: JobSummary): boolean {
  return status !== 'SUCCEEDED' && status !== 'FAILED';
}
