import { isGather, type Pipeline, upstreamSteps } from '../pipeline/pipeline.ts';
import type { TaskResources } from '../pipeline/resources.ts';
import type { Step } from '../pipeline/step.ts';
import { type JobDocument, toRanges } from '../record/manifest.ts';

/** Which steps to run for which samples: the plan's decisions, or a retry's selection. */
export interface Wanted {
  pipeline: Pipeline;
  sampleCount: number;
  /** Does this step run for this sample (index), or, for a cohort step, at all? */
  runs(step: Step, index: number): boolean;
  /**
   * For the sample at this index; a cohort step has only index 0. Samples that need different resources get separate
   * jobs.
   */
  resources(step: Step, index: number): TaskResources;
  /** The engine's limit on array size. */
  maxArraySize: number;
  /** Number of this submission in its run; part of the jobs' names. */
  submission: number;
}

/**
 * Turns decisions into array jobs. Samples that need the same steps, with the same resources in each, form a group; a
 * group larger than the engine's limit is cut into chunks; each chunk is a chain of arrays of equal size joined by
 * N_TO_N, so that an array index means the same sample throughout. A single sample becomes a plain job with plain
 * dependencies. The gather waits until every other job has ended (`ANY`); engines without such a dependency receive it
 * later.
 */
export function arrayJobs(wanted: Wanted): JobDocument[] {
  const before = wanted.pipeline.steps.filter((step) => step.scope === 'cohort' && !isGather(step));
  const jobs: JobDocument[] = [];
  for (const step of before) {
    if (wanted.runs(step, 0)) jobs.push(cohortJob(wanted, step, upstreamJobs(step, jobs), 'SUCCESS'));
  }
  for (const group of groups(wanted)) {
    for (const [chunk, samples] of chunks(group.samples, wanted.maxArraySize).entries()) {
      jobs.push(...chain(wanted, group, chunk, samples, jobs));
    }
  }
  for (const step of wanted.pipeline.steps.filter((candidate) => isGather(candidate))) {
    if (wanted.runs(step, 0)) jobs.push(cohortJob(wanted, step, lastJobs(jobs), 'ANY'));
  }
  return jobs;
}

interface Group {
  number: number;
  steps: readonly Step[];
  samples: number[];
}

/** Samples grouped by the steps they need and the resources of each, in order of first appearance. */
function groups(wanted: Wanted): Group[] {
  const sampleSteps = wanted.pipeline.steps.filter((step) => step.scope === 'sample');
  const byNeed = new Map<string, Group>();
  for (let index = 0; index < wanted.sampleCount; index += 1) {
    const steps = sampleSteps.filter((step) => wanted.runs(step, index));
    if (steps.length === 0) continue;
    const need = steps.map((step) => `${step.name} ${resourcesText(wanted.resources(step, index))}`).join('\n');
    const group = byNeed.get(need);
    if (group) group.samples.push(index);
    else byNeed.set(need, { number: byNeed.size, steps, samples: [index] });
  }
  return [...byNeed.values()];
}

function resourcesText({ cpus, memoryMiB, scratchMiB, timeLimitSeconds }: TaskResources): string {
  return `${cpus} ${memoryMiB} ${scratchMiB} ${timeLimitSeconds}`;
}

function chunks(samples: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, i) => samples.slice(i * size, (i + 1) * size));
}

/** The jobs of one chunk: one per step, over the same samples. */
function chain(
  wanted: Wanted,
  group: Group,
  chunk: number,
  samples: readonly number[],
  earlier: readonly JobDocument[],
): JobDocument[] {
  const jobName = (step: string) => `${wanted.submission}-${step}-${group.number}-${chunk}`;
  const type = samples.length > 1 ? 'N_TO_N' : 'SUCCESS';
  return group.steps.map((step) => {
    const upstream = upstreamSteps(step);
    const own = group.steps.filter(({ name }) => upstream.includes(name));
    const cohort = upstreamJobs(
      step,
      earlier.filter((job) => job.samples.length === 0),
    );
    return {
      ...jobFrame(wanted, step, jobName(step.name), samples[0] as number),
      size: samples.length,
      samples: toRanges(samples),
      dependsOn: [
        ...cohort.map((job) => ({ job, type: 'SUCCESS' as const })),
        ...own.map(({ name }) => ({ job: jobName(name), type: type as 'N_TO_N' | 'SUCCESS' })),
      ],
    };
  });
}

/** Names of the jobs that run a step whose outputs this step uses. */
function upstreamJobs(step: Step, jobs: readonly JobDocument[]): string[] {
  const upstream = upstreamSteps(step);
  return jobs.filter((job) => upstream.includes(job.step)).map(({ job }) => job);
}

/** Names of the jobs that no other job waits for: once they have ended, all have. */
function lastJobs(jobs: readonly JobDocument[]): string[] {
  const awaited = new Set(jobs.flatMap(({ dependsOn }) => dependsOn.map(({ job }) => job)));
  return jobs.map(({ job }) => job).filter((job) => !awaited.has(job));
}

function cohortJob(wanted: Wanted, step: Step, after: readonly string[], type: 'SUCCESS' | 'ANY'): JobDocument {
  return {
    ...jobFrame(wanted, step, `${wanted.submission}-${step.name}`, 0),
    size: 1,
    samples: [],
    dependsOn: after.map((job) => ({ job, type })),
  };
}

function jobFrame(
  wanted: Wanted,
  step: Step,
  job: string,
  index: number,
): Pick<JobDocument, 'version' | 'job' | 'step' | 'submission' | 'resources' | 'rank'> {
  const { steps } = wanted.pipeline;
  const rank = steps.length - steps.findIndex(({ name }) => name === step.name);
  return {
    version: 1,
    job,
    step: step.name,
    submission: wanted.submission,
    resources: wanted.resources(step, index),
    rank,
  };
}
