import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cohortKey, readTaskTable } from '../../../src/ledger/task-table.ts';
import { parseRecordKey } from '../../../src/record/keys.ts';
import { readManifest } from '../../../src/ledger/run-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { exits, runCli, startCli } from '../../fixtures/cli.ts';
import { addFiles, filesIn, workFolder } from '../../fixtures/work-folder.ts';
import { until } from '../../fixtures/until.ts';

const STORE = 'batch-pipeline-store';
/** A sample's text names the step in which it fails, or what it waits for. */
const PIPELINE = `import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { collect, definePipeline, defineSamples, defineStep, StepFailure } from 'batch-pipeline';

const samples = defineSamples({ txt: { file: 'Orders' } });
const common = { description: '', resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '5m' } };

async function obey(step, { inputs, outputs, $ }) {
  const [order, path] = readFileSync(inputs.txt, 'utf8').trim().split(' ');
  if (order === step) throw new StepFailure(path, step + ' was told to fail');
  if (order === 'await') await $\`sh -c \${'until [ -e "$0" ]; do sleep 0.05; done'} \${path}\`;
  copyFileSync(inputs.txt, outputs.out);
}
const a = defineStep({
  ...{ ...common, name: 'a', inputs: { txt: samples.txt }, outputs: { out: '{sample}.a' } },
  run: async (context) => obey('a', context),
});
const b = defineStep({
  ...{ ...common, name: 'b', inputs: { txt: a.outputs.out }, outputs: { out: '{sample}.b' } },
  run: async (context) => obey('b', context),
});
const all = defineStep({
  ...{ ...common, name: 'all', scope: 'cohort', inputs: { all: collect(b.outputs.out) }, outputs: { list: 'list.txt' } },
  async run({ inputs, outputs, members }) {
    const there = inputs.all.map(({ sample }) => sample + ' is there\\n');
    const missing = members.flatMap(({ sample, missing }) =>
      missing ? [[sample, missing.step, missing.cause, missing.message].join(' ') + '\\n'] : []);
    writeFileSync(outputs.list, [...there, ...missing].join(''));
  },
});
export default definePipeline({ name: 'mine', description: '', samples, steps: [a, b, all] });
`;

/** The gather's key as everyone but the runner has it, and the keys under which it has succeeded. */
async function keys(cwd: string): Promise<{ expected: string; recorded: string[] }> {
  const store = await openStore(join(cwd, STORE));
  const manifest = await readManifest(store, 'mine-1');
  const { rows } = await readTaskTable(store, manifest);
  const gather = manifest.steps.find(({ name }) => name === 'all')!;
  const recorded = filesIn(cwd, `${STORE}/v1/mine/records/all/*.succeeded.json`).map((key) => parseRecordKey(key)!.key);
  return { expected: cohortKey(manifest, gather, rows), recorded };
}

interface Status {
  cohort: { tasks: Record<string, { state: string }> };
  samples: { sample: string; tasks: Record<string, { state: string }> }[];
}

async function list(cwd: string, folder: string): Promise<string> {
  await exits(0, ['results', '--to', folder], { cwd });
  return readFileSync(join(cwd, folder, 'cohort/all/list.txt'), 'utf8');
}

test('runner, status, results and retry agree on the missing samples', async () => {
  const cwd = workFolder({
    ...{ 'mine.ts': PIPELINE, 'in/S1.txt': 'fine\n', 'in/S2.txt': 'a tool\n', 'in/S3.txt': 'b out-of-memory\n' },
    ...{ 'in/S4.txt': 'b input\n', 'in/S6.txt': 'fine\n' },
  });
  addFiles(cwd, { 'in/S5.txt': `await ${cwd}/go\n` });
  const run = startCli(['run', './mine.ts', '-s', 'in/*.txt', '--cpus', '2'], { cwd });
  await until(() => filesIn(cwd, `${STORE}/v1/mine/records/b/S1.*.succeeded.json`).length === 1);
  const [output = ''] = filesIn(cwd, `${STORE}/v1/mine/outputs/b/S1.*/*`);
  // An output to be collected is damaged while S5 still keeps the gather waiting.
  chmodSync(join(cwd, output), 0o644);
  writeFileSync(join(cwd, output), 'cut');
  addFiles(cwd, { go: '' });
  expect((await run.over).code).toBe(1);

  const { expected, recorded } = await keys(cwd);
  expect(recorded).toEqual([expected]);
  const { cohort, samples } = JSON.parse((await runCli(['status', '--json'], { cwd })).stdout) as Status;
  expect(cohort.tasks['all']!.state).toBe('succeeded');
  expect(samples.find(({ sample }) => sample === 'S1')!.tasks['b']!.state).toBe('damaged');
  expect(await list(cwd, 'first')).toBe(
    [
      ...['S5 is there', 'S6 is there', 'S1 b not-run an output is missing or changed', 'S2 a tool a was told to fail'],
      ...['S3 b out-of-memory b was told to fail', 'S4 b input b was told to fail', ''],
    ].join('\n'),
  );

  await exits(1, ['retry'], { cwd });
  const after = await keys(cwd);
  expect(after.recorded.toSorted()).toEqual([expected, after.expected].toSorted());
  expect(await list(cwd, 'second')).toMatch(/^S1 is there\nS5 is there\nS6 is there\nS2 a tool/);
});
