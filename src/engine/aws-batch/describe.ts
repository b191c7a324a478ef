import type { BatchApi } from './batch-api.ts';
import type { JobDetail } from './batch-types.ts';
import { BATCH_LIMITS } from './limits.ts';

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
