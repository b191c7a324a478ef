import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { addFiles, workFolder } from '../../fixtures/work-folder.ts';

const PIPELINE = `import { writeFileSync } from 'node:fs';
import { definePipeline, defineSamples, defineStep, z } from 'batch-pipeline';

const samples = defineSamples({
  age: { value: z.coerce.number().default(5) },
  ill: { value: z.boolean().default(false) },
  sex: { value: z.enum(['f', 'm']) },
});
const tell = defineStep({
  name: 'tell',
  description: 'Tells what it sees',
  inputs: { age: samples.age, ill: samples.ill, sex: samples.sex },
  outputs: { told: '{sample}.json' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' },
  async run({ inputs, outputs }) {
    writeFileSync(outputs.told, JSON.stringify({ ...inputs, older: inputs.age + 1 }));
  },
});
export default definePipeline({ name: 'typed', description: '', samples, steps: [tell] });
`;

function seen(folder: string, sample: string): unknown {
  return JSON.parse(readFileSync(join(folder, `out/${sample}/tell/${sample}.json`), 'utf8'));
}

test('run sees numbers and booleans, and the default of an empty cell', async () => {
  const folder = workFolder({
    'mine.ts': PIPELINE,
    'list.csv': 'sample,age,ill,sex\nS1,41,true,f\nS2,,,\nS3,4.5e1,false,m\n',
  });
  await exits(0, ['run', './mine.ts', '-s', 'list.csv'], { cwd: folder });
  await exits(0, ['results', '--to', 'out'], { cwd: folder });
  expect(seen(folder, 'S1')).toEqual({ age: 41, ill: true, sex: 'f', older: 42 });
  expect(seen(folder, 'S2')).toEqual({ age: 5, ill: false, older: 6 });
  expect(seen(folder, 'S3')).toEqual({ age: 45, ill: false, sex: 'm', older: 46 });
});

test('a default applies if the sheet has no such column, and a different default is a different input', async () => {
  const folder = workFolder({ 'mine.ts': PIPELINE, 'list.txt': 'S1\n' });
  await exits(0, ['run', './mine.ts', '-s', 'list.txt'], { cwd: folder });
  await exits(0, ['results', '--to', 'out'], { cwd: folder });
  expect(seen(folder, 'S1')).toEqual({ age: 5, ill: false, older: 6 });
  addFiles(folder, { 'mine.ts': PIPELINE.replace('default(5)', 'default(6)') });
  const { stdout } = await exits(0, ['plan', './mine.ts', '-s', 'list.txt'], { cwd: folder });
  expect(stdout).toMatch(/^tell +1 +0 +0$/m);
});

test('a cell of the wrong type is reported with its row, column, value and what is expected', async () => {
  const folder = workFolder({ 'mine.ts': PIPELINE, 'list.csv': 'sample,age,ill,sex\nS1,old,maybe,x\n' });
  expect(told(await runCli(['run', './mine.ts', '-s', 'list.csv'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: list.csv:2: Sample "S1": age cannot be "old": Invalid input: expected number, received NaN
    error: list.csv:2: Sample "S1": ill cannot be "maybe": Invalid input: expected boolean, received string
    error: list.csv:2: Sample "S1": sex cannot be "x": Invalid option: expected one of "f"|"m""
  `);
});
