import { isGather, type Pipeline } from '../pipeline/pipeline.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import { arrayJobs } from '../plan/array-jobs.ts';
import { most } from '../plan/needs.ts';
import { expandRanges, type JobDocument } from '../record/manifest.ts';
import type { TaskRow, TaskStatus, TaskTable } from '../ledger/task-table.ts';

/** A sample that ran out of something gets twice as much of it, in the step where it ran out. */
const RAISE_FACTOR = 2;

export interface RetryRequest {
  pipeline: Pipeline;
  table: TaskTable;
  /** Number of this submission. */
  submission: number;
  /** Every job made for the run so far: what ran out is raised from what it had. */
  earlier: readonly JobDocument[];
  maxArraySize: number;
  /** Nothing is raised beyond what the engine has. */
  largestMemoryMiB?: number | undefined;
}

/**
 * Jobs for what did not succeed, and nothing else: smaller arrays over the same manifest, with twice the memory or time
 * for samples that ran out of it. Empty if there is nothing to retry.
 */
export function retryJobs(request: RetryRequest): JobDocument[] {
  const { pipeline, table, submission, earlier, maxArraySize } = request;
  const todo = table.rows.map((row) => openSteps(row));
  const anySample = todo.some((steps) => steps.size > 0);
  const cohort = openSteps(table.cohort);
  const given = lastGiven(earlier, table);
  return arrayJobs({
    pipeline,
    sampleCount: table.rows.length,
    submission,
    maxArraySize,
    resources: (step, index) => {
      const row = step.scope === 'cohort' ? table.cohort : table.rows[index];
      return raised(given(step.name, index), row?.tasks[step.name], request.largestMemoryMiB);
    },
    runs: (step, index) => {
      if (isGather(step)) return anySample || cohort.has(step.name);
      return step.scope === 'cohort' ? cohort.has(step.name) : (todo[index]?.has(step.name) ?? false);
    },
  });
}

function openSteps(row: TaskRow): Set<string> {
  const open = Object.entries(row.tasks).filter(([, { state }]) => state !== 'succeeded' && state !== 'not-needed');
  return new Set(open.map(([step]) => step));
}

/** What the tasks of this run were last given, by step and index; what a job has never had is given enough for any. */
function lastGiven(
  earlier: readonly JobDocument[],
  { manifest }: TaskTable,
): (step: string, index: number) => TaskResources {
  const given = new Map<string, TaskResources>();
  for (const { step, samples, resources } of earlier) {
    for (const index of samples.length === 0 ? [0] : expandRanges(samples)) {
      const task = `${step} ${index}`;
      const before = given.get(task);
      given.set(task, before ? most(before, resources) : resources);
    }
  }
  const planned = new Map(manifest.steps.map(({ name, resources }) => [name, resources]));
  return (step, index) => given.get(`${step} ${index}`) ?? (planned.get(step) as TaskResources);
}

function raised(resources: TaskResources, task: TaskStatus | undefined, limit = Infinity): TaskResources {
  const { memoryMiB, timeLimitSeconds } = resources;
  switch (task?.state === 'failed' && task.cause) {
    case 'out-of-memory':
      return { ...resources, memoryMiB: Math.max(memoryMiB, Math.min(memoryMiB * RAISE_FACTOR, limit)) };
    case 'timeout':
      return { ...resources, timeLimitSeconds: timeLimitSeconds * RAISE_FACTOR };
    default:
      return resources;
  }
}
