import { type ElementState, type JobStatus, noCounts } from '../engine.ts';
import type { BatchState, JobDetail } from './batch-types.ts';

/** Batch's words in the engines' common ones. */
const ELEMENT_STATE: Readonly<Record<BatchState, ElementState>> = {
  SUBMITTED: 'pending',
  PENDING: 'pending',
  RUNNABLE: 'runnable',
  STARTING: 'starting',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
};

type Counts = Record<ElementState, number>;

/** What DescribeJobs tells of a plain job or of an array's parent, whose summary counts its children. */
export function jobStatus(job: JobDetail): JobStatus {
  const counts = job.arrayProperties?.size === undefined ? one(job.status) : childCounts(job);
  return { jobId: job.jobId, state: stateOf(counts), counts };
}

/** Of a job that Batch does not know: it forgets jobs some days after their end. */
export function unknownStatus(jobId: string): JobStatus {
  return { jobId, state: 'unknown', counts: noCounts() };
}

function childCounts({ status, arrayProperties }: JobDetail): Counts {
  const { size = 0, statusSummary = {} } = arrayProperties ?? {};
  const counts = noCounts();
  for (const [state, number] of Object.entries(statusSummary) as [BatchState, number][])
    counts[ELEMENT_STATE[state]] += number;
  // Children come into being some time after their parent, and not at all if it is terminated before.
  const missing = size - Object.values(counts).reduce((sum, number) => sum + number, 0);
  if (missing > 0) counts[status === 'FAILED' ? 'failed' : 'pending'] += missing;
  return counts;
}

/** From the children alone: a terminated parent is FAILED while children are still being stopped. */
function stateOf(counts: Counts): ElementState {
  if (counts.running > 0) return 'running';
  if (counts.starting > 0) return 'starting';
  if (counts.runnable > 0) return 'runnable';
  if (counts.pending > 0) return 'pending';
  return counts.failed > 0 ? 'failed' : 'succeeded';
}

function one(status: BatchState): Counts {
  return { ...noCounts(), [ELEMENT_STATE[status]]: 1 };
}
