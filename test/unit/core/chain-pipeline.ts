import { collect, defineReferences, defineSamples } from '../../../src/pipeline/inputs.ts';
import { definePipeline } from '../../../src/pipeline/pipeline.ts';
import { defineStep } from '../../../src/pipeline/step.ts';

const samples = defineSamples({ txt: { file: 'Text' } });
const references = defineReferences({ genome: 'A reference' });
const common = {
  description: '',
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '60s' } as const,
  run: async () => undefined,
};

const before = defineStep({
  ...{ ...common, name: 'before', scope: 'cohort' },
  inputs: { genome: references.genome },
  outputs: { out: 'before.out' },
});
const a = defineStep({ ...common, name: 'a', inputs: { from: samples.txt }, outputs: { out: '{sample}.a' } });
const b = defineStep({
  ...{ ...common, name: 'b' },
  inputs: { from: a.outputs.out, shared: before.outputs.out },
  outputs: { out: '{sample}.b' },
});
const c = defineStep({ ...common, name: 'c', inputs: { from: b.outputs.out }, outputs: { out: '{sample}.c' } });
const gather = defineStep({
  ...{ ...common, name: 'gather', scope: 'cohort' },
  inputs: { all: collect(c.outputs.out) },
  outputs: { out: 'gather.out' },
});

/** A cohort step before, three sample steps in a row of which the second uses it, and a gather: the shape of fusion. */
export const chain = definePipeline({
  ...{ name: 'chain', description: '', samples, references },
  steps: [before, a, b, c, gather],
});
