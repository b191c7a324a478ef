import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  collect,
  definePipeline,
  defineReferences,
  defineSamples,
  defineStep,
  type KnownSizes,
  type Pipeline,
  type Resources,
  type Size,
} from '../../../src/index.ts';
import type { TaskResources } from '../../../src/pipeline/resources.ts';
import { arrayJobs } from '../../../src/plan/array-jobs.ts';
import { planNeeds } from '../../../src/plan/needs.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import { type PlanSample, expandRanges, type JobDocument } from '../../../src/record/manifest.ts';
import { engineJob } from '../../../src/run/engine-job.ts';
import { submitRequest } from '../../../src/engine/aws-batch/submit-request.ts';
import { parseClusterConfig } from '../../../src/engine/slurm/cluster-config.ts';
import { sbatchArguments } from '../../../src/engine/slurm/sbatch-arguments.ts';
import type { Store } from '../../../src/store/store.ts';
import { request, textSample } from './plan-world.ts';
import { table } from './run-table.ts';

const GB = 1024 ** 3;
const samples = defineSamples({ txt: { file: 'Text' }, other: { file: 'Text' } });
const references = defineReferences({ genome: 'A reference' });
const common = { description: '', run: async () => undefined };
const usual = { cpus: 1, memory: '1 GB', scratch: '1 GB', time: '1h' } as const;

type Sized = Resources | ((sizes: KnownSizes) => Resources);

/** Two steps per sample, one after the other, and a gather. */
function pipelineOf(first: Sized, second: Sized = usual, last: Sized = usual): Pipeline {
  const a = defineStep({
    ...{ ...common, name: 'a', resources: first },
    inputs: { txt: samples.txt, genome: references.genome },
    outputs: { out: '{sample}.a' },
  });
  const b = defineStep({
    ...{ ...common, name: 'b', resources: second },
    inputs: { a: a.outputs.out },
    outputs: { out: '{sample}.b' },
  });
  const all = defineStep({
    ...{ ...common, name: 'all', resources: last, scope: 'cohort' },
    inputs: { all: collect(b.outputs.out) },
    outputs: { out: 'all' },
  });
  return definePipeline({ name: 'sized', description: '', samples, references, steps: [a, b, all] });
}

function sample(name: string, size: number): PlanSample {
  return { ...textSample(name), files: { txt: { location: `/in/${name}`, size, etag: 'e' } }, where: 'list.csv:2' };
}

function needs(pipeline: Pipeline, of: readonly PlanSample[], overrides: Record<string, Partial<TaskResources>> = {}) {
  const asked = request(pipeline, of);
  return planNeeds({ ...asked, plan: makePlan(asked), overrides });
}

/** Asks for as many GB as the text has. */
const perSize = (sizes: KnownSizes): Resources => ({ ...usual, memory: `${1 + sizes.of(samples.txt) / GB} GB` });

describe('a step whose resources are a function', () => {
  test('receives sizes rounded up to powers of two, 0 for missing files, and the number of samples', () => {
    const told: Record<string, number[]> = {};
    const note = (step: string) => (sizes: KnownSizes) => {
      told[step] = [sizes.of(samples.txt), sizes.of(samples.other), sizes.of(references.genome), sizes.samples];
      return usual;
    };
    needs(pipelineOf(note('a'), note('b'), note('all')), [sample('S1', 1000), sample('S2', 1024), sample('S3', 1)]);
    expect(told).toEqual({ a: [1, 0, 16, 4], b: [1, 0, 16, 4], all: [2048, 0, 16, 4] });
  });

  test('is called once for all samples of similar size', () => {
    let asked = 0;
    const counting = (sizes: KnownSizes): Resources => {
      asked += 1;
      return perSize(sizes);
    };
    const found = needs(pipelineOf(counting), [sample('S1', 0.6 * GB), sample('S2', GB), sample('S3', 19 * GB)]);
    expect(asked).toBe(2);
    expect([0, 1, 2].map((index) => found.get('a')!.of(index).memoryMiB)).toEqual([2048, 2048, 33 * 1024]);
    expect(found.get('b')!.of(2).memoryMiB).toBe(1024);
  });

  test('gives the largest of each resource where one value is needed', () => {
    const opposed = (sizes: KnownSizes): Resources =>
      sizes.of(samples.txt) > GB ? { ...usual, memory: '8 GB', time: '10m' } : { ...usual, cpus: 4 };
    const found = needs(pipelineOf(opposed), [sample('S1', 1), sample('S2', 2 * GB)]);
    expect(found.get('a')!.largest).toEqual({
      ...{ cpus: 4, memoryMiB: 8192, scratchMiB: 1024, timeLimitSeconds: 3600 },
    });
  });

  test('is overridden by the user, for every size', () => {
    const found = needs(pipelineOf(perSize), [sample('S1', 1), sample('S2', 8 * GB)], { a: { memoryMiB: 77 } });
    expect([0, 1].map((index) => found.get('a')!.of(index))).toEqual([
      { cpus: 1, memoryMiB: 77, scratchMiB: 1024, timeLimitSeconds: 3600 },
      { cpus: 1, memoryMiB: 77, scratchMiB: 1024, timeLimitSeconds: 3600 },
    ]);
  });

  test.each<[string, (sizes: KnownSizes) => Resources, string]>([
    [
      'throws',
      () => {
        throw new Error('no rule for this');
      },
      'no rule for this',
    ],
    ['returns no size', () => ({ ...usual, memory: `${NaN} GB` as Size }), '"NaN GB" is not a size'],
    ['returns half a cpu', () => ({ ...usual, cpus: 0.5 }), 'cpus must be a whole number above 0, not 0.5'],
    ['returns no time', () => ({ ...usual, time: '-4h' }), '"-4h" is not a time'],
    ['returns nothing', () => undefined as never, 'the function returns undefined'],
    ['returns a promise', (async () => usual) as never, 'cpus must be a whole number above 0, not undefined'],
  ])('is refused if it %s, with step and sample', (_, resources, problem) => {
    expect(() => needs(pipelineOf(resources), [sample('S1', 5)])).toThrow(
      `Step a has no usable resources for sample "S1" (list.csv:2, txt: 5 bytes): ${problem}`,
    );
  });

  test('is not called for a sample that does not use the step', () => {
    const picky = defineStep({
      ...{ ...common, name: 'picky', inputs: { other: samples.other }, outputs: { out: '{sample}.p' } },
      resources: (sizes) => ({ ...usual, memory: sizes.of(samples.other) === 8 ? '3 GB' : '2 GB' }),
    });
    const use = defineStep({
      ...{ ...common, name: 'use', resources: usual, inputs: { txt: samples.txt }, outputs: { out: '{sample}.u' } },
    });
    const pipeline = definePipeline({ name: 'p', description: '', samples, steps: [picky, use] });
    const both = {
      ...sample('S1', 1),
      files: { ...sample('S1', 1).files, other: { location: '/o', size: 8, etag: '' } },
    };
    expect(needs(pipeline, [both]).get('picky')!.largest.memoryMiB).toBe(3072);
  });
});

/** What any pipeline makes of any sizes. */
function jobsOf(pipeline: Pipeline, of: readonly PlanSample[], maxArraySize: number): JobDocument[] {
  const asked = request(pipeline, of);
  const plan = makePlan(asked);
  const found = planNeeds({ ...asked, plan, overrides: {} });
  return arrayJobs({
    ...{ pipeline, sampleCount: of.length, maxArraySize, submission: 0 },
    resources: (step, index) => found.get(step.name)!.of(index),
    runs: () => true,
  });
}

describe('samples of different sizes', () => {
  test('have separate arrays throughout, joined element by element', () => {
    const sizes = [1, 20, 1, 1, 20].map((size, i) => sample(`S${i}`, size * GB));
    const lines = jobsOf(pipelineOf(perSize), sizes, 100).map(({ job, samples: whose, resources, dependsOn }) =>
      [
        ...[job, JSON.stringify(whose), `${resources.memoryMiB / 1024} GB`],
        ...dependsOn.map(({ job: before, type }) => `${before}:${type}`),
      ].join(' '),
    );
    expect(lines).toMatchInlineSnapshot(`
      [
        "0-a-0-0 [[0,1],[2,2]] 2 GB",
        "0-b-0-0 [[0,1],[2,2]] 1 GB 0-a-0-0:N_TO_N",
        "0-a-1-0 [[1,1],[4,1]] 33 GB",
        "0-b-1-0 [[1,1],[4,1]] 1 GB 0-a-1-0:N_TO_N",
        "0-all [] 1 GB 0-b-0-0:ANY 0-b-1-0:ANY",
      ]
    `);
  });

  test('are each in exactly one array per step, with the resources they need, and N_TO_N joins equal arrays', () => {
    const several = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(several, fc.integer({ min: 1, max: 6 }), (sizes, maxArraySize) => {
        const other = (known: KnownSizes) => ({ ...usual, cpus: known.of(samples.txt) > 8 * GB ? 2 : 1 });
        const pipeline = pipelineOf(perSize, other);
        const of = sizes.map((size, i) => sample(`S${i}`, size * GB));
        const jobs = jobsOf(pipeline, of, maxArraySize);
        const found = needs(pipeline, of);
        for (const step of ['a', 'b']) {
          const ofStep = jobs.filter((job) => job.step === step);
          const indices = ofStep.flatMap(({ samples: whose }) => expandRanges(whose));
          expect(indices.toSorted((x, y) => x - y)).toEqual([...of.keys()]);
          for (const { samples: whose, resources } of ofStep)
            for (const index of expandRanges(whose)) expect(resources).toEqual(found.get(step)!.of(index));
        }
        for (const { samples: whose, dependsOn } of jobs)
          for (const { job, type } of dependsOn)
            if (type === 'N_TO_N') expect(jobs.find((one) => one.job === job)!.samples).toEqual(whose);
      }),
    );
  });
});

test('every engine is asked for what each group of samples needs', () => {
  const pipeline = pipelineOf(perSize);
  const jobs = jobsOf(pipeline, [sample('S1', GB), sample('S2', 20 * GB)], 100);
  const { manifest } = table(pipeline, { S1: [], S2: [] });
  const asked = jobs.map((job) => engineJob({ url: 's3://bucket/store' } as Store, manifest, job));
  const context = { options: SLURM, config: parseClusterConfig(''), maxArraySize: 10 };
  expect(
    asked.map((job) => [
      job.name.replace('sized-1-01234567-', ''),
      sbatchArguments(job, [], context).find((argument) => argument.startsWith('--mem')),
      submitRequest(job, [], BATCH).containerOverrides.resourceRequirements[1]!.value,
    ]),
  ).toEqual([
    ['0-a-0-0', '--mem=2048M', '2048'],
    ['0-b-0-0', '--mem=1024M', '1024'],
    ['0-a-1-0', '--mem=33792M', '33792'],
    ['0-b-1-0', '--mem=1024M', '1024'],
    ['0-all', '--mem=1024M', '1024'],
  ]);
});

const SLURM = { runnerCommand: ['runner'], logFolder: '/shared/logs', environment: {} };
const BATCH = { queue: 'mixed', definition: 'definition:1', command: ['runner.mjs'], environment: {} };
