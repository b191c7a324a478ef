import { hasEnded, type JobStatus } from '../engine.ts';
import type { BatchApi } from './batch-api.ts';
import type { JobDetail } from './batch-types.ts';
import { jobStatus, unknownStatus } from './job-status.ts';
import { stuckText } from './stuck.ts';
import type { QueueLook } from './queue-look.ts';
import { BATCH_LIMITS } from './limits.ts';

/** Since when a job has had tasks that could run and none that does. */
interface Standstill {
  since: number;
  /** Of its counts: another one is a movement. */
  picture: string;
  explainedAt: number;
  text: string | undefined;
}

/**
 * States of jobs, by one DescribeJobs for each hundred of them that are not over. The words in which Batch explains why
 * nothing starts are also there while instances come up, so that only a long standstill is looked into and reported.
 */
export class JobWatch {
  readonly #api: BatchApi;
  readonly #queue: QueueLook;
  readonly #stuckAfterMs: number;
  readonly #over = new Map<string, JobStatus>();
  readonly #standstills = new Map<string, Standstill>();

  constructor(api: BatchApi, queue: QueueLook, stuckAfterMs: number) {
    this.#api = api;
    this.#queue = queue;
    this.#stuckAfterMs = stuckAfterMs;
  }

  async poll(ids: readonly string[]): Promise<JobStatus[]> {
    const open = ids.filter((id) => !this.#over.has(id));
    const details = await describeAll(this.#api, open);
    const statuses = open.map((id) => {
      const detail = details.get(id);
      return detail ? jobStatus(detail) : unknownStatus(id);
    });
    for (const status of statuses) if (hasEnded(status.state)) this.#over.set(status.jobId, status);
    await this.#explain(statuses, details);
    const byId = new Map(statuses.map((status) => [status.jobId, status]));
    return ids.map((id) => this.#over.get(id) ?? this.#withReason(byId.get(id) ?? unknownStatus(id)));
  }

  #withReason(status: JobStatus): JobStatus {
    const stuck = this.#standstills.get(status.jobId)?.text;
    return stuck === undefined ? status : { ...status, stuck };
  }

  /** Only while nothing at all runs: where something does, the others wait for their turn. */
  async #explain(statuses: readonly JobStatus[], details: ReadonlyMap<string, JobDetail>): Promise<void> {
    const moves = statuses.some(({ counts }) => counts.running + counts.starting > 0);
    // Nothing that is watched has ever started: it has been waiting since it was submitted, whenever the watching
    // began.
    const untouched = this.#over.size === 0 && statuses.every(({ counts }) => counts.succeeded + counts.failed === 0);
    for (const { jobId, counts } of statuses) {
      const detail = details.get(jobId);
      const ageMs = untouched && detail ? Math.max(0, Date.now() - detail.createdAt) : 0;
      if (moves || counts.runnable === 0) this.#standstills.delete(jobId);
      else await this.#explainOne(jobId, { picture: JSON.stringify(counts), ageMs, detail });
    }
  }

  async #explainOne(
    jobId: string,
    { picture, ageMs, detail }: { picture: string; ageMs: number; detail: JobDetail | undefined },
  ): Promise<void> {
    const now = performance.now();
    const before = this.#standstills.get(jobId);
    const fresh = { since: now - ageMs, picture, explainedAt: Number.NEGATIVE_INFINITY, text: undefined };
    const standstill: Standstill = before?.picture === picture ? before : fresh;
    this.#standstills.set(jobId, standstill);
    if (now - standstill.since < this.#stuckAfterMs || now - standstill.explainedAt < this.#stuckAfterMs) return;
    standstill.explainedAt = now;
    standstill.text = stuckText(await this.#reason(jobId, detail), await this.#queue.look());
  }

  /** Batch gives the reason to the job at the head of the queue: a plain job, or a child. */
  async #reason(jobId: string, detail: JobDetail | undefined): Promise<string | undefined> {
    if (detail?.arrayProperties?.size === undefined) return detail?.statusReason;
    const children = await this.#api.listChildren(jobId, 'RUNNABLE', 'first');
    return children.find(({ statusReason }) => statusReason)?.statusReason;
  }
}

/** Calls made in parallel. */
const PARALLEL = 4;

/** Any number of jobs by id, with one DescribeJobs per hundred. Those that Batch has forgotten are missing. */
export async function describeAll(
  api: Pick<BatchApi, 'describeJobs'>,
  ids: readonly string[],
): Promise<Map<string, JobDetail>> {
  const pages = Array.from({ length: Math.ceil(ids.length / BATCH_LIMITS.maxDescribed) }, (_, i) =>
    ids.slice(i * BATCH_LIMITS.maxDescribed, (i + 1) * BATCH_LIMITS.maxDescribed),
  );
  const found = new Map<string, JobDetail>();
  const work = pages.values();
  const worker = async (): Promise<void> => {
    for (const page of work) for (const job of await api.describeJobs(page)) found.set(job.jobId, job);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, pages.length) }, worker));
  return found;
}
