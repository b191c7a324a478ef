import type { Pipeline } from '../pipeline/pipeline.ts';
import { type KnownSizes, NO_SIZES, type TaskResources, taskResources } from '../pipeline/resources.ts';
import type { Step } from '../pipeline/step.ts';
import type { FileIdentity, PlanSample } from '../record/manifest.ts';
import type { StepPlan } from './plan.ts';

/** The resources of one step's tasks. */
export interface StepNeeds {
  /** For the sample at this index; a cohort step has only index 0. */
  of(index: number): TaskResources;
  /** Enough for every task of the step. */
  largest: TaskResources;
}

/** By step name. */
export type Needs = ReadonlyMap<string, StepNeeds>;

export interface NeedsRequest {
  pipeline: Pipeline;
  plan: readonly StepPlan[];
  samples: readonly PlanSample[];
  references: Readonly<Record<string, FileIdentity>>;
  /** By step: the user's overrides, regardless of input sizes. */
  overrides: Readonly<Record<string, Partial<TaskResources>>>;
}

/**
 * The resources of every task: what its step declares, or what the step's function returns for the sizes of the task's
 * inputs.
 * @throws PipelineError `resources-invalid`, naming the step and the first sample for which it returns nothing usable
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
  // No sample uses the step, but the manifest must still list it.
  if (bySizes.size === 0) bySizes.set('', { ...taskResources(step, NO_SIZES), ...override });
  const largest = [...bySizes.values()].reduce(most);
  return { of: (index) => all[index] ?? largest, largest };
}

/** The larger of each resource. */
export function most(one: TaskResources, other: TaskResources): TaskResources {
  return {
    cpus: Math.max(one.cpus, other.cpus),
    memoryMiB: Math.max(one.memoryMiB, other.memoryMiB),
    scratchMiB: Math.max(one.scratchMiB, other.scratchMiB),
    timeLimitSeconds: Math.max(one.timeLimitSeconds, other.timeLimitSeconds),
  };
}

/** Bytes per file column of the pipeline, in column order. */
function sizesOf({ pipeline, samples }: NeedsRequest, { scope }: Step, index: number): number[] {
  const whose = scope === 'cohort' ? samples : samples.slice(index, index + 1);
  return fileColumns(pipeline).map((column) =>
    roundUp(whose.reduce((sum, { files }) => sum + (files[column]?.size ?? 0), 0)),
  );
}

function fileColumns(pipeline: Pipeline): string[] {
  return Object.values(pipeline.samples).flatMap((input) => (input.kind === 'sample-file' ? [input.column] : []));
}

/** Rounds up to a power of two, so that samples of similar size share an array job. */
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
