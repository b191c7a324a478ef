import type { BatchApi } from './batch-api.ts';
import type { JobSummary } from './batch-types.ts';

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
