import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../../fixtures/cli.ts';
import { TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

/** One step with this body. */
function pipelineOf(body: string, memory = '100 MB'): string {
  return `import { writeFileSync } from 'node:fs';
import { definePipeline, defineSamples, defineStep, StepFailure } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'Text' } });
const only = defineStep({
  name: 'only', description: '', inputs: { txt: samples.txt }, outputs: { out: '{sample}.out' },
  resources: { cpus: 1, memory: '${memory}', scratch: '10 MB', time: '1m' },
  async run({ outputs, sample, memoryMiB, $ }) { ${body} },
});
export default definePipeline({ name: 'ends', description: '', samples, steps: [only] });
`;
}

const SAMPLES = ['--samples', 'reads/*.txt', '--store', 'store'];
const FILES = Object.fromEntries(
  Object.entries(TWO_TEXTS).map(([path, text]) => [`reads/${path.replace(/^.*\//, '')}`, text]),
);

/** Processes that work in a folder or below it. */
function workingIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      } catch {
        return false;
      }
    });
}

test('a tool running in parallel with one that fails ends with the attempt', async () => {
  const folder = workFolder({ ...FILES, 'mine.ts': pipelineOf('await Promise.all([$`sleep 600`, $`false`]);') });
  const ran = await runCli(['run', './mine.ts', ...SAMPLES], { cwd: folder });
  expect(ran.stderr).toContain('false exited with code 1');
  expect(ran.code).toBe(1);
  expect(workingIn(join(folder, 'store'))).toEqual([]);
});

test('a file manager’s files among outputs are ignored, other unexpected files are named', async () => {
  const folder = workFolder({ ...FILES, 'mine.ts': pipelineOf('writeFileSync(outputs.out, sample);') });
  const run = () => runCli(['run', './mine.ts', ...SAMPLES], { cwd: folder });
  expect((await run()).code).toBe(0);
  const outputs = join(folder, 'store/v1/ends/outputs/only');
  const [first = ''] = readdirSync(outputs);
  writeFileSync(join(outputs, first, '.DS_Store'), 'x');
  expect((await run()).stderr).toContain('Everything is up to date');
  writeFileSync(join(outputs, first, 'notes.txt'), 'x');
  const refused = await run();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('notes.txt is in the output folder of step only, but is not one of its outputs');
  execFileSync('rm', [join(outputs, first, 'notes.txt')]);
  expect((await run()).stderr).toContain('Everything is up to date');
});

test('retry gives a task that ran out of memory no more than the machine has', async () => {
  const body = "throw new StepFailure('out-of-memory', `${memoryMiB} MB were not enough`);";
  const folder = workFolder({ ...FILES, 'mine.ts': pipelineOf(body, '600 MB') });
  expect((await runCli(['run', './mine.ts', ...SAMPLES, '--memory', '1GB'], { cwd: folder })).code).toBe(1);
  const retried = await runCli(['retry', '--store', 'store'], { cwd: folder });
  expect(retried.stderr).toContain('1024 MB were not enough');
  expect(retried.code).toBe(1);
});

test('a task whose tools use more memory than requested ends at once, and retry gives it twice as much', async () => {
  // tail keeps a line until its end is there.
  const body =
    'await $({ stdoutTo: outputs.out }).bash`{ head -c 300M /dev/zero; sleep ${memoryMiB < 400 ? 600 : 0}; } | tail -n 1`;';
  const folder = workFolder({ ...FILES, 'mine.ts': pipelineOf(body, '200 MB') });
  const ran = await runCli(['run', './mine.ts', ...SAMPLES, '--memory', '4GB'], { cwd: folder });
  expect(ran.stderr).toMatch(/The task took (2[1-9]|3[01])\d MB of memory, and had asked for 200 MB/);
  expect(ran.stderr).toContain('batch-pipeline retry gives it more memory.');
  expect(ran.code).toBe(1);
  expect(workingIn(join(folder, 'store'))).toEqual([]);
  expect((await runCli(['logs', 'S1', '--store', 'store'], { cwd: folder })).stdout).toContain('out-of-memory');
  const retried = await runCli(['retry', '--store', 'store'], { cwd: folder });
  expect(retried.code, retried.stderr).toBe(0);
});
