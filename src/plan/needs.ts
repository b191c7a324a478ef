import type { Pipeline } from '../pipeline/pipeline.ts';
import { NO_SIZES, type TaskResources, taskResources } from '../pipeline/resources.ts';
import type { KnownSizes, Step } from '../pipeline/step.ts';
import type { FileIdentity } from '../record/manifest.ts';
import type { PlanSample, StepPlan } from './plan.ts';

/** What the tasks of one step get. */
export interface StepNeeds {
  /** Of the sample with this index; a cohort step has only 0. */
  of(index: number): TaskResources;
  /** Enough for each of them. */
  largest: TaskResources;
}

/** By step name. */
export type Needs = ReadonlyMap<string, StepNeeds>;

export interface NeedsRequest {
  pipeline: Pipeline;
  plan: readonly StepPlan[];
  samples: readonly PlanSample[];
  references: Readonly<Record<string, FileIdentity>>;
  /** By step: what the user gives it instead, whatever the sizes. */
  overrides: Readonly<Record<string, Partial<TaskResources>>>;
}

/**
 * What every task gets: what its step declares, or what the step's function makes of the sizes of the task's inputs.
 * @throws PipelineError `resources-invalid`, naming the step and the first sample that it has no usable answer for
 */
export function planNeeds(request: NeedsRequest): Needs {
  return new Map(request.plan.map((planned) => [planned.step.name, stepNeeds(request, planned)]));
}

function stepNeeds(request: NeedsRequest, { step, keys }: StepPlan): StepNeeds {
  const override = request.overrides[step.name];
  if (typeof step.resources !== 'function') {
    const same = { ...taskResources(step, NO_SIZES), ...override };
    return { of: () => same, largest: same };
  }
  const bySizes = new Map<string, TaskResources>();
  const all = keys.map((key, index) => {
    if (key === '') return undefined;
    const sizes = sizesOf(request, step, index);
    const id = sizes.join(' ');
    const known = bySizes.get(id) ?? { ...answer(request, step, index, sizes), ...override };
    bySizes.set(id, known);
    return known;
  });
  // Nobody uses the step: it still has to stand in the manifest.
  if (bySizes.size === 0) bySizes.set('', { ...taskResources(step, NO_SIZES), ...override });
  const largest = [...bySizes.values()].reduce(most);
  return { of: (index) => all[index] ?? largest, largest };
}

/** The more of each. */
export function most(one: TaskResources, other: TaskResources): TaskResources {
  return {
    cpus: Math.max(one.cpus, other.cpus),
    memoryMiB: Math.max(one.memoryMiB, other.memoryMiB),
    scratchMiB: Math.max(one.scratchMiB, other.scratchMiB),
    timeLimitSeconds: Math.max(one.timeLimitSeconds, other.timeLimitSeconds),
  };
}

/** Bytes by the pipeline's file columns, in their order. */
function sizesOf({ pipeline, samples }: NeedsRequest, { scope }: Step, index: number): number[] {
  const whose = scope === 'cohort' ? samples : samples.slice(index, index + 1);
  return fileColumns(pipeline).map((column) =>
    roundUp(whose.reduce((sum, { files }) => sum + (files[column]?.size ?? 0), 0)),
  );
}

function fileColumns(pipeline: Pipeline): string[] {
  return Object.values(pipeline.samples).flatMap((input) => (input.kind === 'sample-file' ? [input.column] : []));
}

/** To a power of two: samples of about one size share an array job. */
function roundUp(number: number): number {
  return number <= 0 ? 0 : 2 ** Math.ceil(Math.log2(number));
}

function answer(request: NeedsRequest, step: Step, index: number, sizes: readonly number[]): TaskResources {
  const { pipeline, samples, references } = request;
  const columns = fileColumns(pipeline);
  const known: KnownSizes = {
    of: (file) =>
      file.kind === 'reference'
        ? roundUp(references[file.name]?.size ?? 0)
        : (sizes[columns.indexOf(file.column)] ?? 0),
    samples: roundUp(samples.length),
  };
  return taskResources(step, known, whose(request, step, index));
}

function whose({ samples }: NeedsRequest, { scope }: Step, index: number): string {
  const sample = samples[index];
  if (scope === 'cohort' || !sample) return 'the cohort';
  const files = Object.entries(sample.files).map(([column, { size }]) => `${column}: ${size} bytes`);
  const where = sample.where === undefined ? [] : [sample.where];
  return `sample "${sample.name}" (${[...where, ...files].join(', ')})`;
}
