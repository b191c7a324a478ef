import { isGather, type Pipeline } from '../pipeline/pipeline.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import { arrayJobs } from '../plan/array-jobs.ts';
import type { JobDocument } from '../record/manifest.ts';
import type { TaskRow, TaskTable } from './task-table.ts';

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
  return arrayJobs({
    pipeline,
    sampleCount: table.rows.length,
    submission,
    maxArraySize,
    variant: (index) => raiseFor(table.rows[index]),
    resources: (step, variant) =>
      raised(
        largest(earlier, table, step.name),
        step.name,
        step.scope === 'cohort' ? raiseFor(table.cohort, step.name) : variant,
        request.largestMemoryMiB,
      ),
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

/** `out-of-memory picard`, `timeout kallisto`, or `''` where more would not help; of any step of the row, or of one. */
function raiseFor(row: TaskRow | undefined, only?: string): string {
  const failed = Object.entries(row?.tasks ?? {}).find(
    ([step, { state }]) => state === 'failed' && (only ?? step) === step,
  );
  const cause = failed?.[1].cause;
  return cause === 'out-of-memory' || cause === 'timeout' ? `${cause} ${failed?.[0]}` : '';
}

/** What the step's jobs of this run were last given. */
function largest(earlier: readonly JobDocument[], table: TaskTable, step: string): TaskResources {
  const given = earlier.filter((job) => job.step === step).map(({ resources }) => resources);
  const planned = table.manifest.steps.find(({ name }) => name === step)?.resources as TaskResources;
  return given.reduce(
    (most, next) => ({
      ...most,
      memoryMiB: Math.max(most.memoryMiB, next.memoryMiB),
      timeLimitSeconds: Math.max(most.timeLimitSeconds, next.timeLimitSeconds),
    }),
    planned,
  );
}

function raised(resources: TaskResources, step: string, variant: string, most = Infinity): TaskResources {
  const { memoryMiB } = resources;
  switch (variant) {
    case `out-of-memory ${step}`:
      return { ...resources, memoryMiB: Math.max(memoryMiB, Math.min(memoryMiB * RAISE_FACTOR, most)) };
    case `timeout ${step}`:
      return { ...resources, timeLimitSeconds: resources.timeLimitSeconds * RAISE_FACTOR };
    default:
      return resources;
  }
}
