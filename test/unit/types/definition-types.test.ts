/**
 * What compiles in a pipeline file, and what does not: `tsc` refuses a `@ts-expect-error` whose line has no error, so
 * that checking this file's types is the test. The messages themselves are tested on the packed package.
 */
import { expect, expectTypeOf, test } from 'vitest';
import {
  collect,
  type CollectedFile,
  type ContextOf,
  defineParams,
  defineReferences,
  defineSamples,
  defineStep,
  defineTool,
  firstOf,
  type Resources,
  type StepContext,
  z,
} from '../../../src/index.ts';

const samples = defineSamples({ bam: { file: 'Reads' }, age: { value: z.coerce.number() } });
const references = defineReferences({ fasta: 'Transcripts' });
const params = defineParams({ k: z.int().default(31) });
const samtools = defineTool({
  name: 'samtools',
  commands: [['samtools']],
  version: { args: ['--version'], pattern: /(\d)/ },
  install: { debian: 'samtools', conda: 'samtools' },
});
const resources = { cpus: 1, memory: '6 GB', scratch: '500MB', time: '90 min' } as const;

const count = defineStep({
  name: 'count',
  description: '',
  inputs: { bam: samples.bam, age: samples.age, fasta: references.fasta },
  params: { k: params.k },
  outputs: { table: '{sample}.tsv', notes: { file: 'notes.txt', optional: true } },
  files: ['fit.R'],
  tools: [samtools],
  resources,
  async run(context) {
    await countReads(context);
  },
});

/** Named before the step is complete, as the functions of a step's file are. */
async function countReads(context: ContextOf<typeof count>): Promise<void> {
  const { inputs, outputs, files, tool, $ } = context;
  await $`${tool('samtools')} view -T ${inputs.fasta} ${inputs.bam} ${files['fit.R']} ${outputs.table}`;
  // @ts-expect-error -- misspelt input
  await $`cat ${inputs.bma}`;
  // @ts-expect-error -- misspelt output
  await $`cat ${outputs.tables}`;
  // @ts-expect-error -- file that the step does not declare
  await $`cat ${files['plot.R']}`;
  // @ts-expect-error -- tool that the step does not declare
  await $`${tool('bcftools')} view`;
  // @ts-expect-error -- param that the step does not declare
  await $`head ${context.params.n}`;
  // @ts-expect-error -- only a step that gathers has members
  await $`echo ${context.members.length}`;
}

const gather = defineStep({
  name: 'gather',
  description: '',
  scope: 'cohort',
  inputs: { tables: collect(count.outputs.table) },
  outputs: { all: 'all.tsv' },
  resources: (sizes) => ({ ...resources, memory: `${1 + sizes.samples} MB` }),
  async run({ inputs, members, tool, $ }) {
    expectTypeOf(inputs.tables).toEqualTypeOf<readonly CollectedFile[]>();
    // @ts-expect-error -- without declared tools there are none
    await $`${tool('samtools')} view ${members.length}`;
  },
});

test('the context of a step has the types of what it declares', () => {
  type Context = ContextOf<typeof count>;
  expectTypeOf<Context['inputs']>().toEqualTypeOf<{
    readonly bam: string;
    readonly age: number | undefined;
    readonly fasta: string;
  }>();
  expectTypeOf<Context['params']>().toEqualTypeOf<{ readonly k: number }>();
  expectTypeOf<keyof Context['outputs']>().toEqualTypeOf<'table' | 'notes'>();
  expectTypeOf<Parameters<Context['tool']>>().toEqualTypeOf<['samtools']>();
  expectTypeOf<Context>().not.toHaveProperty('members');
  expectTypeOf<ContextOf<typeof gather>>().toHaveProperty('members');
  expect([count.name, gather.name]).toEqual(['count', 'gather']);
});

test('a helper for several steps names only what it needs', () => {
  type Helper = (context: StepContext<{ bam: string }, unknown, unknown>) => void;
  expectTypeOf<ContextOf<typeof count>>().toExtend<Parameters<Helper>[0]>();
  expect(gather.outputs.all.step).toBe('gather');
});

test('names and amounts that do not exist do not compile', () => {
  // @ts-expect-error -- misspelt column
  expect(samples.bma).toMatchObject({ kind: 'unknown' });
  // @ts-expect-error -- misspelt output of another step
  expect(() => firstOf(samples.bam, count.outputs.tables)).not.toThrow();
  const amounts: Resources[] = [
    { cpus: 1, memory: '1.5 TB', scratch: '512 MiB', time: '2d' },
    // @ts-expect-error -- not a unit
    { cpus: 1, memory: '6 gigs', scratch: '1 GB', time: '1h' },
    // @ts-expect-error -- no unit
    { cpus: 1, memory: '6 GB', scratch: '10', time: '1h' },
    // @ts-expect-error -- not a time
    { cpus: 1, memory: '6 GB', scratch: '1 GB', time: 'long' },
  ];
  expect(amounts).toHaveLength(4);
});
