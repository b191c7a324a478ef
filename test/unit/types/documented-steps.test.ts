/** What docs/writing-pipelines.md shows to authors compiles: its code stands here, and is compared with the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { starterFiles } from '../../../src/cli/starter-files.ts';
import { type ContextOf, defineSamples, defineStep, defineTool } from '../../../src/index.ts';

const samples = defineSamples({ bam: { file: 'Reads' } });

// shown
const samtools = defineTool({
  name: 'samtools',
  commands: [['samtools']],
  version: { args: ['--version'], pattern: /^samtools (\S+)/m },
  install: { debian: 'samtools', conda: 'samtools' },
});
const model = defineStep({
  name: 'model',
  description: 'Fits a model to the reads of a sample',
  inputs: { bam: samples.bam },
  outputs: { model: '{sample}.rds', plot: { file: '{sample}.pdf', optional: true } },
  files: ['fit.R'],
  tools: [samtools],
  attempts: 5,
  resources: { cpus: 1, memory: '6 GB', scratch: '20 GB', time: '90 min' },
  async run(context) {
    await fit(context);
  },
});

async function fit({ $, tool, files, inputs, outputs }: ContextOf<typeof model>): Promise<void> {
  const grep = await $({ allowExitCodes: [0, 1] }).bash`${tool('samtools')} view ${inputs.bam} | grep -c chrM`;
  const inC = $({ env: { LC_ALL: 'C' } });
  await inC`Rscript --vanilla ${files['fit.R']} ${grep.exitCode} ${outputs.model} ${outputs.plot}`;
}
// end

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/writing-pipelines.md'), 'utf8');

test('the step that the page declares compiles as it is shown', () => {
  const source = readFileSync(import.meta.filename, 'utf8');
  const shown = /^\/\/ shown\n([\s\S]+?)^\/\/ end$/m.exec(source)?.[1] ?? '';
  expect(shown).toContain('defineStep');
  expect(PAGE).toContain(shown);
  expect(model).toMatchObject({ attempts: 5, files: ['fit.R'] });
});

test('the test that the page shows is the one that init writes', () => {
  const shown = /```ts\n(test\([\s\S]+?)```/.exec(PAGE)?.[1] ?? 'nothing';
  expect(starterFiles('0.0.0')['pipeline.test.ts']).toContain(shown);
});
