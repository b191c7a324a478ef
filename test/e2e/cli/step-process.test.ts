import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRecord } from '../../../src/record/attempt-record.ts';
import { runCli } from '../../fixtures/cli.ts';
import { filesIn, workFolder } from '../../fixtures/work-folder.ts';

/** One step; what it does is chosen by the sample's name. One runner performs `later`, then `latest`. */
const PIPELINE = `import { exit } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'Text' } });
const deeds = {
  exits() { process.exit(0); },
  leaves() { exit(3); },
  hides() { try { process.exit(0); } catch {} },
  async rejects() { Promise.reject(new Error('not awaited')); await sleep(600_000); },
  async throws() { setTimeout(() => { throw new Error('in a timer'); }); await sleep(600_000); },
  later() {
    globalThis.next = Promise.withResolvers();
    globalThis.next.promise.then(() => Promise.reject(new Error('too late')));
  },
  async latest() { globalThis.next.resolve(); await sleep(100); },
  prints() { console.log('to stdout'); console.error('to stderr'); process.stdout.write('abc'); },
};
const only = defineStep({
  name: 'only', description: '', inputs: { txt: samples.txt }, outputs: { out: { file: '{sample}.out', optional: true } },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' },
  async run({ sample }) { await deeds[sample](); },
});
export default definePipeline({ name: 'ends', description: '', samples, steps: [only] });
`;

const NAMES = ['exits', 'leaves', 'hides', 'rejects', 'throws', 'later', 'latest', 'prints'];

test('code of a step that harms its process fails only its own attempt, once, and its output is in its log', async () => {
  const texts = NAMES.map((sample) => [`in/${sample}.txt`, `text of ${sample}\n`]);
  const cwd = workFolder({ ...Object.fromEntries(texts), 'mine.js': PIPELINE });
  const args = ['run', './mine.js', '--samples', 'in/*.txt', '--store', 'store', '--cpus', '1'];
  const ran = await runCli(args, { cwd });
  expect(ran.code, ran.stderr).toBe(1);
  expect(ran.stdout).not.toContain('to stdout');
  const records = filesIn(join(cwd, 'store'), 'v1/ends/records/only/*.json').flatMap(
    (file) => readRecord(file, readFileSync(join(cwd, 'store', file))) ?? [],
  );
  const told = records.map(({ sample, cause, message }) => {
    const [first = '', second = ''] = message?.split('\n') ?? [];
    return [sample, cause ? [`${cause}: ${first}`, second.replace(/^.*[/]mine/, 'mine')].join(' at ') : 'succeeded'];
  });
  const line = (text: string): number => PIPELINE.split('\n').findIndex((one) => one.includes(text)) + 1;
  const at = (text: string) => expect.stringContaining(`mine.js:${line(text)}:`);
  expect(records.map(({ attempt }) => attempt)).toEqual(NAMES.map(() => 1));
  expect(Object.fromEntries(told)).toEqual({
    exits: at('exits()'),
    leaves: at('leaves()'),
    hides: at('hides()'),
    rejects: at('rejects()'),
    throws: at('throws()'),
    later: 'succeeded',
    latest: 'succeeded',
    prints: 'succeeded',
  });
  expect(Object.fromEntries(told)).toMatchObject({
    exits: expect.stringContaining(
      'tool: Error: The step called process.exit(0), which would end its runner at mine.js',
    ),
    rejects: expect.stringContaining('tool: An unhandled rejection: Error: not awaited at mine.js'),
    throws: expect.stringContaining('tool: An uncaught error: Error: in a timer at mine.js'),
  });
  expect((await runCli(['logs', 'prints', '--store', 'store'], { cwd })).stdout).toBe('to stdout\nto stderr\nabc\n');
  expect((await runCli(['logs', 'exits', '--store', 'store'], { cwd })).stdout).toContain('process.exit(0)');
});
