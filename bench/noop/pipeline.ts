/**
 * Three steps that copy a small file: what remains is the overhead of the engine. `STEP` is the program that copies,
 * the same for every tool compared.
 */
import { defineParams, definePipeline, defineSamples, defineStep, z, type StepContext } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'A small text file' } });
const params = defineParams({ unused: z.string().default('').describe('Read by no step') });
const resources = { cpus: 1, memory: '10 MB', scratch: '1 MB', time: '1m' } as const;

const copy = async ({ inputs, outputs, $ }: StepContext<{ from: string }, unknown, { to: string }>): Promise<void> => {
  await $`${process.env['STEP'] ?? 'cp'} ${inputs.from} ${outputs.to}`;
};

const a = defineStep({
  name: 'a',
  description: 'copy',
  inputs: { from: samples.txt },
  outputs: { to: '{sample}.a' },
  resources,
  run: copy,
});
const b = defineStep({
  name: 'b',
  description: 'copy',
  inputs: { from: a.outputs.to },
  outputs: { to: '{sample}.b' },
  resources,
  run: copy,
});
const c = defineStep({
  name: 'c',
  description: 'copy',
  inputs: { from: b.outputs.to },
  outputs: { to: '{sample}.c' },
  resources,
  run: copy,
});

export default definePipeline({ name: 'noop', description: 'Nothing, three times', samples, params, steps: [a, b, c] });
