import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGather, type Pipeline, upstreamSteps } from '../../../src/pipeline/pipeline.ts';
import { arrayJobs } from '../../../src/plan/array-jobs.ts';
import { expandRanges, type JobDocument } from '../../../src/record/manifest.ts';
import { randomPipeline } from './random-pipeline.ts';

const RESOURCES = { cpus: 1, memoryMiB: 100, scratchMiB: 10, timeLimitSeconds: 60 };

interface Choice {
  pipeline: Pipeline;
  sampleCount: number;
  maxArraySize: number;
  /** `step/index` of what runs. */
  wanted: Set<string>;
  /** By sample index. */
  variants: string[];
}

/** Any choice of tasks at all, also ones that no plan would make. */
const choice: fc.Arbitrary<Choice> = fc
  .record({
    pipeline: randomPipeline,
    sampleCount: fc.integer({ min: 0, max: 12 }),
    maxArraySize: fc.integer({ min: 1, max: 5 }),
    runs: fc.infiniteStream(fc.boolean()),
    kinds: fc.infiniteStream(fc.constantFrom('', '', 'more')),
  })
  .map(({ pipeline, sampleCount, maxArraySize, runs, kinds }) => {
    const tasks = pipeline.steps.flatMap(({ name, scope }) =>
      Array.from({ length: scope === 'cohort' ? 1 : sampleCount }, (_, i) => `${name}/${i}`),
    );
    const wanted = new Set(tasks.filter(() => runs.next().value));
    return { pipeline, sampleCount, maxArraySize, wanted, variants: [...kinds.take(sampleCount)] };
  });

function jobsOf({ pipeline, sampleCount, maxArraySize, wanted, variants }: Choice): JobDocument[] {
  return arrayJobs({
    ...{ pipeline, sampleCount, maxArraySize, submission: 3 },
    runs: (step, index) => wanted.has(`${step.name}/${index}`),
    resources: (_, index) => ({ ...RESOURCES, memoryMiB: variants[index] === 'more' ? 200 : 100 }),
  });
}

/** `step/index` of a job's tasks, in array order. */
function tasksOf({ step, samples }: JobDocument): string[] {
  return samples.length === 0 ? [`${step}/0`] : expandRanges(samples).map((index) => `${step}/${index}`);
}

describe('for any choice of tasks', () => {
  test('every wanted task is in exactly one job, and no other', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const tasks = jobsOf(some).flatMap((job) => tasksOf(job));
        expect(tasks.toSorted()).toEqual([...some.wanted].toSorted());
      }),
    );
  });

  test('no array exceeds the engine’s limit, and its size matches the ranges', () => {
    fc.assert(
      fc.property(choice, (some) => {
        for (const job of jobsOf(some)) {
          expect(job.size).toBe(tasksOf(job).length);
          expect(job.size).toBeLessThanOrEqual(some.maxArraySize);
        }
      }),
    );
  });

  test('jobs have unique names, and wait only for earlier jobs', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const seen = new Set<string>();
        for (const { job, dependsOn } of jobsOf(some)) {
          expect(seen.has(job)).toBe(false);
          expect(job).toMatch(/^3-[A-Za-z0-9-]+$/);
          for (const before of dependsOn) expect(seen.has(before.job)).toBe(true);
          expect(new Set(dependsOn.map((before) => before.job)).size).toBe(dependsOn.length);
          seen.add(job);
        }
      }),
    );
  });

  test('every task waits for exactly the tasks whose results it uses and that run, at its own index', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const jobs = new Map(jobsOf(some).map((job) => [job.job, job]));
        for (const job of jobs.values()) {
          const step = some.pipeline.steps.find(({ name }) => name === job.step)!;
          if (isGather(step)) continue;
          for (const [position, task] of tasksOf(job).entries()) {
            const awaited = job.dependsOn.flatMap(({ job: before, type }) => {
              const tasks = tasksOf(jobs.get(before)!);
              return type === 'N_TO_N' ? [tasks[position]] : tasks;
            });
            expect(new Set(awaited)).toEqual(new Set(usedTasks(some, step.name, task.split('/')[1]!)));
            expect(new Set(awaited).size).toBe(awaited.length);
          }
        }
      }),
    );
  });

  test('N_TO_N joins arrays of equal size, and a plain job has plain dependencies', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const all = jobsOf(some);
        const jobs = new Map(all.map((job) => [job.job, job]));
        for (const { size, samples, dependsOn } of all) {
          for (const { job, type } of dependsOn) {
            if (type !== 'N_TO_N') continue;
            expect(size).toBeGreaterThan(1);
            expect(jobs.get(job)!.samples).toEqual(samples);
          }
        }
      }),
    );
  });

  test('samples with larger resources never share a job with others', () => {
    fc.assert(
      fc.property(choice, (some) => {
        for (const { samples, resources } of jobsOf(some)) {
          const kinds = new Set(expandRanges(samples).map((index) => some.variants[index]));
          expect(kinds.size).toBeLessThanOrEqual(1);
          if (samples.length > 0) expect(resources.memoryMiB).toBe(kinds.has('more') ? 200 : 100);
        }
      }),
    );
  });

  test('a gather runs after every other job, whatever their outcome', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const all = jobsOf(some);
        const jobs = new Map(all.map((job) => [job.job, job]));
        const isLast = (job: JobDocument) => isGather(some.pipeline.steps.find(({ name }) => name === job.step)!);
        for (const gather of all.filter(isLast)) {
          expect(gather.dependsOn.every(({ type }) => type === 'ANY')).toBe(true);
          const before = new Set<string>();
          const visit = ({ dependsOn }: JobDocument): void => {
            for (const { job } of dependsOn) {
              if (before.has(job)) continue;
              before.add(job);
              visit(jobs.get(job)!);
            }
          };
          visit(gather);
          const others = all.slice(0, all.indexOf(gather)).map(({ job }) => job);
          expect([...before].toSorted()).toEqual(others.toSorted());
        }
      }),
    );
  });

  test('later steps come first when several could start', () => {
    fc.assert(
      fc.property(choice, (some) => {
        const order = some.pipeline.steps.map(({ name }) => name);
        for (const { step, rank } of jobsOf(some)) expect(rank).toBe(order.length - order.indexOf(step));
      }),
    );
  });
});

/** Tasks that run and whose result this one uses. */
function usedTasks({ pipeline, wanted }: Choice, name: string, index: string): string[] {
  return upstreamSteps(pipeline.steps.find((step) => step.name === name)!)
    .map((used) => pipeline.steps.find((step) => step.name === used)!)
    .map((used) => `${used.name}/${used.scope === 'cohort' ? 0 : index}`)
    .filter((task) => wanted.has(task));
}

test('two groups of a fusion run: some samples skip a step', async () => {
  const { default: fusion } = await import('../../../pipelines/fusion/fusion.ts');
  const jobs = arrayJobs({
    ...{ pipeline: fusion, sampleCount: 6, maxArraySize: 2, submission: 0 },
    runs: (step, index) => step.name !== 'picard' || index % 2 === 0,
    resources: () => RESOURCES,
  });
  const lines = jobs.map(({ job, samples, dependsOn }) =>
    [job, JSON.stringify(samples), ...dependsOn.map(({ job: before, type }) => `${before}:${type}`)].join(' '),
  );
  expect(lines).toMatchInlineSnapshot(`
    [
      "0-reference []",
      "0-picard-0-0 [[0,1],[2,1]]",
      "0-kallisto-0-0 [[0,1],[2,1]] 0-reference:SUCCESS 0-picard-0-0:N_TO_N",
      "0-pizzly-0-0 [[0,1],[2,1]] 0-reference:SUCCESS 0-kallisto-0-0:N_TO_N",
      "0-picard-0-1 [[4,1]]",
      "0-kallisto-0-1 [[4,1]] 0-reference:SUCCESS 0-picard-0-1:SUCCESS",
      "0-pizzly-0-1 [[4,1]] 0-reference:SUCCESS 0-kallisto-0-1:SUCCESS",
      "0-kallisto-1-0 [[1,1],[3,1]] 0-reference:SUCCESS",
      "0-pizzly-1-0 [[1,1],[3,1]] 0-reference:SUCCESS 0-kallisto-1-0:N_TO_N",
      "0-kallisto-1-1 [[5,1]] 0-reference:SUCCESS",
      "0-pizzly-1-1 [[5,1]] 0-reference:SUCCESS 0-kallisto-1-1:SUCCESS",
      "0-gather [] 0-pizzly-0-0:ANY 0-pizzly-0-1:ANY 0-pizzly-1-0:ANY 0-pizzly-1-1:ANY",
    ]
  `);
});
