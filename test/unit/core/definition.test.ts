import { expect, test } from 'vitest';
import { type PipelineError, PipelineErrors } from '../../../src/errors.ts';
import { collect, defineParams, defineReferences, defineSamples, firstOf } from '../../../src/pipeline/inputs.ts';
import { definePipeline } from '../../../src/pipeline/pipeline.ts';
import { type KnownSizes, NO_SIZES, type Resources, taskResources } from '../../../src/pipeline/resources.ts';
import { defineStep, type Step } from '../../../src/pipeline/step.ts';

const samples = defineSamples({ txt: { file: 'Text' }, fastq_1: { file: 'Reads' } });
const references = defineReferences({ fasta: 'Transcripts' });
const params = defineParams({});
const common = {
  description: '',
  outputs: { out: '{sample}.txt' },
  resources: { cpus: 1, memory: '1 GB', scratch: '1 GB', time: '1h' },
  run: async () => undefined,
} as const;
const count = defineStep({ ...common, name: 'count', inputs: { txt: samples.txt } });

/** A name of these handles where types are not checked. */
function named(handles: object, name: string): never {
  return (handles as Record<string, unknown>)[name] as never;
}

/** What `definePipeline` refuses these steps for, one line for each error, with paths cut to the file's name. */
function refusals(...steps: Step[]): string[] {
  try {
    definePipeline({ name: 'mine', description: '', samples, references, params, steps });
  } catch (error) {
    const errors = error instanceof PipelineErrors ? error.errors : [error as PipelineError];
    return errors.map(({ where, message, hint }) => {
      const place = where?.replace(/^\/.*\/([^/]+):\d+:\d+/, '$1:LINE');
      return `${place}: ${message}${hint ? ` -> ${hint}` : ''}`;
    });
  }
  return [];
}

test('a misspelt name is refused with its step, its input and the closest name', () => {
  const step = defineStep({
    ...common,
    name: 'sort',
    inputs: {
      lines: named(samples, 'tx'),
      fasta: named(references, 'fatsa'),
      counts: named(count.outputs, 'outt'),
      either: firstOf(samples.fastq_1, named(samples, 'fastq1')),
    },
    params: { k: named(params, 'k') },
  });
  expect(refusals(count, step)).toEqual([
    'definition.test.ts:LINE, step sort, input lines: There is no sample column "tx" -> Did you mean "txt"? Declared: txt, fastq_1.',
    'definition.test.ts:LINE, step sort, input fasta: There is no reference "fatsa" -> Did you mean "fasta"?',
    'definition.test.ts:LINE, step sort, input counts: There is no output of step count called "outt" -> Did you mean "out"?',
    'definition.test.ts:LINE, step sort, input either: There is no sample column "fastq1" -> Did you mean "fastq_1"? Declared: txt, fastq_1.',
    'definition.test.ts:LINE, step sort, param k: There is no param "k" -> None is declared.',
  ]);
});

test('a misspelt output that a gather collects is refused', () => {
  const all = collect(named(count.outputs, 'outs'));
  const gather = defineStep({ ...common, name: 'all', scope: 'cohort', inputs: { all }, outputs: { out: 'all.txt' } });
  expect(refusals(count, gather)).toEqual([
    'definition.test.ts:LINE, step all, input all: There is no output of step count called "outs" -> Did you mean "out"?',
  ]);
});

test('a value that is not an input is refused', () => {
  const inputs = { path: 'reads.txt', step: count, none: undefined, none2: collect(undefined as never) } as never;
  const found = refusals(count, defineStep({ ...common, name: 'sort', inputs }));
  expect(found.map((line) => line.replace(/ -> .*/, ''))).toEqual([
    'definition.test.ts:LINE, step sort, input path: This is of type string, not an input',
    'definition.test.ts:LINE, step sort, input step: This is of type object, not an input',
    'definition.test.ts:LINE, step sort, input none: This is undefined, not an input',
    'definition.test.ts:LINE, step sort, input none2: This is undefined, not an input',
  ]);
});

test('a misspelt column in a function for resources is refused', () => {
  const { memory, ...others } = common.resources;
  const resources = (sizes: KnownSizes): Resources => ({
    ...others,
    memory: sizes.of(named(samples, 'fastq_11')) > 0 ? '2 GB' : memory,
  });
  expect(() => taskResources({ name: 'sort', resources }, NO_SIZES)).toThrow(
    'Step sort has no usable resources for inputs of no size: There is no sample column "fastq_11" (Did you mean "fastq_1"? Declared: txt, fastq_1.)',
  );
});

test('a pipeline holds only the names that it declares', () => {
  const pipeline = definePipeline({ name: 'mine', description: '', samples, references, params, steps: [count] });
  expect(pipeline.samples['tx']).toBeUndefined();
  expect(Object.keys(pipeline.samples)).toEqual(['txt', 'fastq_1']);
  expect(pipeline.references['fatsa']).toBeUndefined();
});
