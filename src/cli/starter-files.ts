const PIPELINE = `import { writeFileSync } from 'node:fs';
import { collect, definePipeline, defineSamples, defineStep } from 'batch-pipeline';

// A column of the sample sheet. --samples 'reads/*.txt' fills it with every file that matches.
const samples = defineSamples({ txt: { file: 'One text file per sample' } });

// Runs once per sample. A wrong input name, as in samples.tx, does not compile.
export const sorted = defineStep({
  name: 'sort',
  description: 'Sorts the lines of a sample',
  inputs: { lines: samples.txt },
  outputs: { sorted: '{sample}.sorted.txt' },
  resources: { cpus: 1, memory: '200 MB', scratch: '100 MB', time: '10m' },
  async run({ inputs, outputs, $ }) {
    await $({ stdoutTo: outputs.sorted })\`sort \${inputs.lines}\`;
  },
});

// Runs once, after all samples: over those that succeeded.
const report = defineStep({
  name: 'report',
  scope: 'cohort',
  description: 'Lists who is there and who is missing',
  inputs: { sorted: collect(sorted.outputs.sorted) },
  outputs: { report: 'report.txt' },
  resources: { cpus: 1, memory: '200 MB', scratch: '100 MB', time: '10m' },
  async run({ members, outputs }) {
    const lines = members.map(({ sample, missing }) => (missing ? \`\${sample}: missing, \${missing.message}\` : \`\${sample}: ok\`));
    writeFileSync(outputs.report, \`\${lines.join('\\n')}\\n\`);
  },
});

export default definePipeline({
  name: 'my-pipeline',
  description: 'Sorts text files',
  samples,
  steps: [sorted, report],
});
`;

const TEST = `import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runStep } from 'batch-pipeline/testing';
import { sorted } from './pipeline.ts';

test('sort sorts the lines of a sample', async () => {
  const lines = join(import.meta.dirname, 'reads/S1.txt');
  using done = await runStep(sorted, { inputs: { lines } });
  assert.equal(done.text('sorted'), 'apple\\npear\\n');
});
`;

const COMPILER_OPTIONS = {
  target: 'es2024',
  module: 'nodenext',
  lib: ['es2024', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  // Node runs the files as they are: it removes types, and compiles nothing.
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

/**
 * What `init` writes: the project of a pipeline of two steps that runs as it is, with a test and two samples.
 * @param version of this package
 */
export function starterFiles(version: string): Readonly<Record<string, string>> {
  const settings = {
    private: true,
    type: 'module',
    scripts: { check: 'batch-pipeline check', test: 'node --test' },
    devDependencies: { '@types/node': '^24.0.0', 'batch-pipeline': `^${version}`, typescript: '>=5.9' },
  };
  return {
    'package.json': jsonText(settings),
    'tsconfig.json': jsonText({ compilerOptions: COMPILER_OPTIONS }),
    'pipeline.ts': PIPELINE,
    'pipeline.test.ts': TEST,
    'reads/S1.txt': 'pear\napple\n',
    'reads/S2.txt': 'plum\ncherry\n',
  };
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
