/** One step that prints its sample's text, and continues once the file named in the text exists. */
import { readFileSync, writeFileSync } from 'node:fs';
import { defineSamples, definePipeline, defineStep } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'What to print, and what to wait for' } });

const talk = defineStep({
  name: 'talk',
  description: 'Prints and waits',
  inputs: { text: samples.txt },
  outputs: { text: '{sample}.said' },
  resources: { cpus: 1, memory: '200 MB', scratch: '1 MB', time: '5m' },
  async run({ inputs, outputs, $ }) {
    const [words = '', file = ''] = readFileSync(inputs.text, 'utf8').trim().split('\n');
    await $`echo ${words}`;
    await $`sh -c ${'until [ -e "$0" ]; do sleep 0.1; done'} ${file}`;
    writeFileSync(outputs.text, words);
  },
});

export default definePipeline({ name: 'talk', description: 'Talks', samples, steps: [talk] });
