/** What `init` writes: a pipeline of two steps that runs as it is, with two samples to run it on. */
const PIPELINE = `import { writeFileSync } from 'node:fs';
import { collect, definePipeline, defineSamples, defineStep } from 'batch-pipeline';

// A column of the sample sheet. --samples 'reads/*.txt' fills it with every file that matches.
const samples = defineSamples({ txt: { file: 'One text file per sample' } });

// Runs once per sample. A wrong input name, as in samples.tx, does not compile.
const sorted = defineStep({
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

export const STARTER_FILES: Readonly<Record<string, string>> = {
  'pipeline.ts': PIPELINE,
  'reads/S1.txt': 'pear\napple\n',
  'reads/S2.txt': 'plum\ncherry\n',
};
