import fc from 'fast-check';
import { z } from 'zod';
import { collect, defineParams, defineReferences, defineSamples } from '../../../src/pipeline/inputs.ts';
import { definePipeline, type Pipeline } from '../../../src/pipeline/pipeline.ts';
import { defineStep, type DefinedStep, plainInputs, type Step } from '../../../src/pipeline/step.ts';

/** What a random step is made of; numbers choose among what stands before it. */
interface Blueprint {
  /** Earlier sample steps whose output it uses, by position. */
  uses: number[];
  usesReference: boolean;
  params: number[];
}

interface PipelineBlueprint {
  /** Steps before the samples: the second uses the first. */
  before: number;
  steps: Blueprint[];
  /** Per gather: which sample step it collects, and a param. */
  gathers: { collects: number; param: number }[];
}

export const PARAM_NAMES = ['p0', 'p1', 'p2', 'p3'] as const;
const RESOURCES = { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' } as const;
const COMMON = { description: '', resources: RESOURCES, run: async () => undefined };

const blueprint: fc.Arbitrary<PipelineBlueprint> = fc.record({
  before: fc.integer({ min: 0, max: 2 }),
  steps: fc.array(
    fc.record({
      uses: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
      usesReference: fc.boolean(),
      params: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  gathers: fc.array(fc.record({ collects: fc.nat(5), param: fc.nat(3) }), { maxLength: 2 }),
});

/** Pipelines of up to two cohort steps, six sample steps in any acyclic order, and two gathers. */
export const randomPipeline: fc.Arbitrary<Pipeline> = blueprint.map((plan) => build(plan));

/** A sample with the one file that random pipelines read. */
export const sampleName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/).filter((name) => !name.includes('..'));

function build({ before, steps: blueprints, gathers }: PipelineBlueprint): Pipeline {
  const samples = defineSamples({ txt: { file: 'Text' } });
  const references = defineReferences({ genome: 'A reference' });
  const params = defineParams(Object.fromEntries(PARAM_NAMES.map((name) => [name, z.string().default('')])));
  const reading = (numbers: readonly number[]) =>
    Object.fromEntries(numbers.map((number) => [`p${number}`, params[`p${number}`]!]));
  const cohort: DefinedStep<{ out: string }>[] = [];
  for (let i = 0; i < before; i += 1) {
    const from = cohort[i - 1]?.outputs.out ?? references.genome;
    cohort.push(
      defineStep({ ...COMMON, name: `before${i}`, scope: 'cohort', inputs: { from }, outputs: { out: `before${i}` } }),
    );
  }
  const own: DefinedStep<{ out: string }>[] = [];
  for (const [i, step] of blueprints.entries()) {
    const used = step.uses.filter((number) => number < i).map((number) => own[number]!.outputs.out);
    const shared = step.usesReference ? cohort.map(({ outputs }) => outputs.out) : [];
    const from = [...(used.length > 0 ? used : [samples.txt]), ...shared];
    const inputs = Object.fromEntries(from.map((input, number) => [`in${number}`, input]));
    own.push(
      defineStep({
        ...COMMON,
        name: `step${i}`,
        inputs,
        params: reading(step.params),
        outputs: { out: '{sample}.out' },
      }),
    );
  }
  const last = gathers.map(({ collects, param }, i) =>
    defineStep({
      ...COMMON,
      name: `gather${i}`,
      scope: 'cohort',
      inputs: { all: collect(own[collects % own.length]!.outputs.out) },
      params: reading([param]),
      outputs: { out: `gather${i}` },
    }),
  );
  const steps = [...cohort, ...own, ...last];
  const pipeline = definePipeline({ name: 'random', description: '', samples, references, params, steps });
  return Object.assign(pipeline, { [fc.toStringMethod]: () => `[${pipeline.steps.map(stepText).join('; ')}]` });
}

/** How a counterexample shows a step: `step1 <- step0, txt (p0)`. */
function stepText(step: Step): string {
  const inputs = plainInputs(step).map((input) => ('step' in input ? input.step : input.kind));
  return `${step.name} <- ${inputs.join(', ')} (${Object.keys(step.params).join(', ')})`;
}
