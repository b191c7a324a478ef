/** Counts the words of texts as soon as a marker file says that all of them have been copied. */
import { defineParams, definePipeline, defineSamples, defineStep, z } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'A text file' } });
const params = defineParams({ marker: z.string().describe('File that is written last') });

const count = defineStep({
  name: 'count',
  description: 'Waits for the marker, then counts words',
  inputs: { text: samples.txt },
  params: { marker: params.marker },
  outputs: { counts: '{sample}.counts.txt' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '10m' },
  async run({ inputs, outputs, params: { marker }, $ }) {
    await $`bash -c ${'until [ -e "$0" ]; do sleep 0.1; done'} ${marker}`;
    await $({ stdoutTo: outputs.counts })`wc -w ${inputs.text}`;
  },
});

export default definePipeline({
  name: 'marked-count',
  description: 'Words per text, once a marker exists',
  samples,
  params,
  steps: [count],
});
