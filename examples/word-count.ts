/**
 * Counts the words of every sample's text and ranks them over the cohort: two steps, nothing to install but `wc`.
 *
 *     batch-pipeline run examples/word-count.ts --samples 'examples/data/*.txt'
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { collect, defineParams, definePipeline, defineSamples, defineStep, z } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'A text file' } });
const params = defineParams({ top: z.number().int().positive().default(3).describe('Samples in the ranking') });

const count = defineStep({
  name: 'count',
  description: 'Counts lines, words and bytes',
  inputs: { text: samples.txt },
  outputs: { counts: '{sample}.counts.txt' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' },
  async run({ inputs, outputs, $, metric }) {
    await $({ stdoutTo: outputs.counts })`wc -w ${inputs.text}`;
    metric('words', wordsIn(outputs.counts));
  },
});

const rank = defineStep({
  name: 'rank',
  scope: 'cohort',
  description: 'Ranks the samples by their words',
  inputs: { counts: collect(count.outputs.counts) },
  params: { top: params.top },
  outputs: { ranking: 'ranking.tsv' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' },
  async run({ inputs, params: { top }, outputs, members }) {
    const rows = inputs.counts.map(({ sample, path }) => ({ sample, words: wordsIn(path) }));
    const ranked = rows.sort((a, b) => b.words - a.words || (a.sample < b.sample ? -1 : 1)).slice(0, top);
    const missing = members.filter((member) => member.missing).map(({ sample }) => `# missing: ${sample}`);
    const lines = ['sample\twords', ...ranked.map(({ sample, words }) => `${sample}\t${words}`), ...missing];
    writeFileSync(outputs.ranking, `${lines.join('\n')}\n`);
  },
});

function wordsIn(countsFile: string): number {
  return Number.parseInt(readFileSync(countsFile, 'utf8'), 10);
}

export default definePipeline({
  name: 'word-count',
  description: 'Words per text, ranked',
  samples,
  params,
  steps: [count, rank],
});
