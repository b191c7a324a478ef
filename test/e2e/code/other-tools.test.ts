import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli, startCli } from '../../fixtures/cli.ts';
import { told } from '../../fixtures/told.ts';
import { pidIn } from '../../fixtures/until.ts';
import { addFiles, workFolder } from '../../fixtures/work-folder.ts';

const PIPELINE = `import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'A path' } });
const counter = {
  name: 'counter', commands: [['counter']], version: { args: ['--version'], pattern: /counter (\\S+)/ },
  install: { debian: 'counter', conda: 'counter' },
};
const count = defineStep({
  name: 'count', description: 'Counts', inputs: { txt: samples.txt }, outputs: { out: '{sample}.out' }, tools: [counter],
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '10m' },
  async run({ inputs, outputs, tool, $ }) { await $({ stdoutTo: outputs.out })\`\${tool('counter')} \${inputs.txt}\`; },
});
export default definePipeline({ name: 'counting', description: 'Counts', samples, params: {}, steps: [count] });
`;

/** Installs the tool in this version: it fails until a file is there, and waits while another is, telling its runner. */
function install(folder: string, version: string): void {
  const hold = `[ -e ${folder}/hold ] && echo $PPID >${folder}/pid && while [ -e ${folder}/hold ]; do sleep 0.05; done`;
  const asked = `[ "$1" = --version ] && echo "counter ${version}" && exit`;
  const script = ['#!/bin/sh', asked, hold, `[ -e ${folder}/there ] && echo ${version}`, ''].join('\n');
  addFiles(folder, { 'bin/counter': script });
  chmodSync(join(folder, 'bin/counter'), 0o755);
}

test('a retry with another version of a tool is refused; the run command makes a new plan with it', async () => {
  const folder = workFolder({ 'mine.ts': PIPELINE, 'in/S1.txt': 'text' });
  const cwd = { cwd: folder, env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` } };
  install(folder, '1.0.0');
  await exits(1, ['run', './mine.ts', '-s', 'in/*.txt'], cwd);
  addFiles(folder, { there: '' });
  install(folder, '1.1.0');
  expect(told(await runCli(['retry'], cwd), folder)).toMatchInlineSnapshot(`
    "exit 3
    error: counter is 1.1.0 here, and was 1.0.0 when run counting-1 was planned
      -> "batch-pipeline run" makes a new plan with it, and repeats only what uses it. Or restore the planned version."
  `);
  install(folder, '1.0.0');
  await exits(0, ['retry'], cwd);
  install(folder, '1.1.0');
  expect(told(await exits(0, ['plan', './mine.ts', '-s', 'in/*.txt'], cwd), folder)).toMatch(
    /counter|tools|environment/,
  );
});

test('a runner started after a tool was replaced does not use the new one for the run', async () => {
  const folder = workFolder({ 'mine.ts': PIPELINE, 'in/S1.txt': 'text', hold: '', there: '' });
  const cwd = { cwd: folder, env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` } };
  install(folder, '1.0.0');
  const run = startCli(['run', './mine.ts', '-s', 'in/*.txt'], cwd);
  const pid = await pidIn(join(folder, 'pid'));
  install(folder, '1.1.0');
  rmSync(join(folder, 'hold'));
  process.kill(pid, 'SIGKILL');
  const { code, stderr } = await run.over;
  expect(code, stderr).toBe(1);
  expect(stderr).toContain('counter is 1.1.0 here, and was 1.0.0 when run counting-1 was planned');
});
