import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRecord } from '../../../src/record/attempt-record.ts';
import { runCli } from '../../fixtures/cli.ts';
import { filesIn, workFolder } from '../../fixtures/work-folder.ts';

/** What the one step does for each sample: `out` is its output, `text` its input. */
function pipelineOf(deeds: Readonly<Record<string, string>>): string {
  const table = Object.entries(deeds).map(([sample, body]) => `${sample}: async (context) => { ${body} },`);
  return `import { spawn } from 'node:child_process';
import { appendFileSync, createReadStream, createWriteStream, mkdirSync, openSync, realpathSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'Text' } });
const write = (out) => writeFileSync(out, 'whole');
const deeds = {
${table.map((line) => line.replace('(context) =>', '({ out, text, $, scratch }) =>')).join('\n')}
};
const only = defineStep({
  name: 'only', description: '', inputs: { txt: samples.txt }, outputs: { out: '{sample}.out' },
  resources: { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' },
  async run({ inputs, outputs, sample, scratch, $ }) { await deeds[sample]({ out: outputs.out, text: inputs.txt, scratch, $ }); },
});
export default definePipeline({ name: 'ends', description: '', samples, steps: [only] });
`;
}

/** Runs the deeds; answers what is on record for each sample: `succeeded`, or cause and message. */
async function outcomes(deeds: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const texts = Object.keys(deeds).map((sample) => [`in/${sample}.txt`, `text of ${sample}\n`]);
  const folder = workFolder({ ...Object.fromEntries(texts), 'mine.js': pipelineOf(deeds) });
  const ran = await runCli(['run', './mine.js', '--samples', 'in/*.txt', '--store', 'store'], { cwd: folder });
  const records = filesIn(join(folder, 'store'), 'v1/ends/records/only/*.json').flatMap(
    (file) => readRecord(file, readFileSync(join(folder, 'store', file))) ?? [],
  );
  expect(records.length, ran.stderr).toBe(Object.keys(deeds).length);
  expect(filesIn(join(folder, 'store'), '.scratch/**')).toEqual([]);
  expect(workingIn(folder)).toEqual([]);
  return Object.fromEntries(
    records.map(({ sample, state, cause, message }) => [
      sample,
      cause ? `${cause}: ${message?.split('\n')[0]}` : state,
    ]),
  );
}

/** Processes that work in a folder or below it. */
function workingIn(folder: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && cwdOf(name).startsWith(folder));
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

const SLOWLY = "'for i in 1 2 3 4 5 6; do echo line $i; sleep 0.3; done'";

describe('a step whose run returns too early', () => {
  test('has failed, and reports what it has not waited for', async () => {
    const found = await outcomes({
      running: `$({ stdoutTo: out })\`bash -c \${${SLOWLY}}\`;`,
      ended: 'const call = $`true`; await sleep(300); write(out);',
      failed: 'const call = $`false`; await sleep(300); write(out);',
      chained: 'void $`sleep 600`.then(() => undefined); write(out);',
      background: '$`true`; await $`bash -c ${"sleep 600 >/dev/null 2>&1 & echo started"}`; write(out);',
      escaped: 'await $.bash`setsid sleep 600 >/dev/null 2>&1 & sleep 0.2`; write(out);',
      spawned: "spawn('sleep', ['600'], { stdio: 'ignore' }); write(out);",
      thrown: "spawn('sleep', ['600'], { stdio: 'ignore', cwd: scratch }); throw new Error('no');",
      stream: "createWriteStream(out).write('a part');",
      descriptor: "openSync(out, 'w');",
      piped:
        'const from = new PassThrough(); void pipeline(from, createWriteStream(out)); from.write("a part"); await sleep(200);',
      appended: 'write(out); void (async () => { for (;;) await appendFile(out, "x") })().catch(() => undefined);',
      awaited: 'const calls = [$`true`, $`true`]; await Promise.all(calls); await $`touch ${out}`;',
      returned: 'return $`touch ${out}`;',
      caught: 'await $`false`.catch(() => undefined); write(out);',
      substituted: 'await $.bash`echo whole > >(sleep 0.2; cat >${out})`;',
      allowed:
        'await $({ allowExitCodes: [0, 1] }).bash`echo whole > >(sleep 0.2; cat >part; mv part ${out}); exit 1`;',
      flushed: "createWriteStream(out).end('x'.repeat(1e6));",
    });
    expect(found).toEqual({
      running:
        'tool: run returned while "bash -c for i in 1 2 3 4 5 6; do echo line $i; sleep 0.3; done" was still running',
      ended: 'tool: run returned without an await for "true"',
      failed: 'tool: run returned without an await for "false"',
      chained: 'tool: run returned while "sleep 600" was still running',
      background: 'tool: bash ended and left "sleep 600" running in the background',
      escaped: 'tool: bash ended and left "sleep 600" running in the background',
      spawned: 'tool: run returned while "sleep 600" was still running',
      thrown: 'tool: Error: no',
      stream: 'tool: run returned while the step was still writing its output "out"',
      descriptor: 'tool: run returned while the step was still writing its output "out"',
      piped: 'tool: run returned while the step was still writing its output "out"',
      appended: expect.stringMatching(
        /^tool: run returned while the step was still (?:writing its output "out"|reading or writing files)$/,
      ),
      awaited: 'succeeded',
      returned: 'succeeded',
      caught: 'succeeded',
      substituted: 'succeeded',
      allowed: 'succeeded',
      flushed: 'succeeded',
    });
  });
});

test('appends that are not awaited are all in the output, or the attempt has failed', async () => {
  const folder = workFolder({
    'in/S1.txt': 'text\n',
    'mine.js': pipelineOf({ S1: 'for (let i = 0; i < 5000; i++) appendFile(out, "x").catch(() => undefined);' }),
  });
  const ran = await runCli(['run', './mine.js', '--samples', 'in/*.txt', '--store', 'store'], { cwd: folder });
  const published = filesIn(join(folder, 'store'), 'v1/ends/outputs/**/S1.out');
  if (ran.code === 0) expect(readFileSync(join(folder, 'store', published[0] as string), 'utf8')).toHaveLength(5000);
  else expect(ran.stderr).toContain('run returned while the step was still');
});

describe('a step whose tools all reported success', () => {
  test('has failed if that is not true', async () => {
    const found = await outcomes({
      pipe: 'await $({ stdoutTo: out }).bash`cat ${text} | nosuch | wc -l`;',
      killed: "await $({ stdoutTo: out }).bash`cat ${text} | bash -c 'kill -9 $$' | cat`;",
      blamed: 'await Promise.all([$.bash`false`.catch(() => undefined), $`sleep 1`]); write(out);',
      lengthy: 'await $.bash`cat <(echo x; nosuch); head -c 3000000 /dev/zero >&2`; write(out);',
      masked: 'await $({ allowExitCodes: [0, 1] }).bash`nosuch | grep x`; write(out);',
      sigpipe: 'await $({ stdoutTo: out }).bash`yes | head -1`;',
      hidden: "await $`bash -c ${'cat x | nosuch | wc -l'}`; write(out);",
      bar: 'await $`cat ${text} | wc -l`; write(out);',
      redirect: 'await $`echo x > ${out}`;',
      full: "await $({ stdoutTo: '/dev/full' })`echo x`; write(out);",
      folder: 'mkdirSync(out);',
      fifo: 'await $`mkfifo ${out}`;',
      input: "appendFileSync(text, 'more'); write(out);",
      time: 'utimesSync(text, 1, 1); write(out);',
      // As a network file system that is mounted again: the same file under another inode.
      inode:
        'const file = realpathSync(text); await $`cp -p ${file} ${file}~`; await $`mv ${file}~ ${file}`; write(out);',
      well: "await $({ stdoutTo: out, env: { LC_ALL: 'C' } }).bash`cat ${[text, text]} | sort | uniq -c`;",
      link: 'symlinkSync(text, out);',
    });
    expect(found).toEqual({
      pipe: expect.stringMatching(/^tool: bash exited with code 127 in line 1: exit codes (?:0|141) \| 127 \| 0$/),
      killed: expect.stringMatching(/^tool: bash exited with code 137 in line 1: exit codes (?:0|141) \| 137 \| 0$/),
      blamed: 'succeeded',
      lengthy: 'tool: bash exited with code 127 in line 1',
      masked: 'tool: bash exited with code 1 in line 1: exit codes 127 | 1',
      sigpipe: 'tool: bash exited with code 141 in line 1: exit codes 141 | 0',
      hidden: 'tool: A pipe in bash -c hides the failure of all its parts but the last',
      bar: 'tool: "|" in a $ template: it runs one tool, without a shell to interpret this',
      redirect: 'tool: ">" in a $ template: it runs one tool, without a shell to interpret this',
      full: 'disk: echo exited with code 1',
      folder: 'check: Output "out" (folder.out) is not a file',
      fifo: 'check: Output "out" (fifo.out) is not a file',
      input: expect.stringMatching(/^input: Input "txt" \(.*input.txt\) changed while the step was using it$/),
      time: expect.stringMatching(/^input: Input "txt" \(.*time.txt\) changed while the step was using it$/),
      inode: 'succeeded',
      well: 'succeeded',
      link: 'succeeded',
    });
  });

  test('has not failed if another run republished the same bytes of its input', async () => {
    const folder = workFolder({
      'in/S1.txt': 'text\n',
      'mine.js': `import { copyFileSync, realpathSync, renameSync, utimesSync } from 'node:fs';
import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'Text' } });
const resources = { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' };
const first = defineStep({
  name: 'first', description: '', inputs: { txt: samples.txt }, outputs: { out: '{sample}.first' }, resources,
  async run({ inputs, outputs }) { copyFileSync(inputs.txt, outputs.out); },
});
const second = defineStep({
  name: 'second', description: '', inputs: { txt: first.outputs.out }, outputs: { out: '{sample}.second' }, resources,
  async run({ inputs, outputs }) {
    const published = realpathSync(inputs.txt);
    copyFileSync(published, outputs.out);
    utimesSync(outputs.out, 1, 1);
    copyFileSync(outputs.out, published + '~');
    utimesSync(published + '~', 1, 1);
    renameSync(published + '~', published);
  },
});
export default definePipeline({ name: 'twice', description: '', samples, steps: [first, second] });
`,
    });
    const ran = await runCli(['run', './mine.js', '--samples', 'in/*.txt', '--store', 'store'], { cwd: folder });
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
  });

  test('has failed if it wrote to an output of another step, which is recreated', async () => {
    const folder = workFolder({
      'in/S1.txt': 'text\n',
      'mine.js': `import { appendFileSync, chmodSync, copyFileSync, existsSync, realpathSync } from 'node:fs';
import { definePipeline, defineSamples, defineStep } from 'batch-pipeline';
const samples = defineSamples({ txt: { file: 'Text' } });
const resources = { cpus: 1, memory: '100 MB', scratch: '10 MB', time: '1m' };
const first = defineStep({
  name: 'first', description: '', inputs: { txt: samples.txt }, outputs: { out: '{sample}.first' }, resources,
  async run({ inputs, outputs }) { copyFileSync(inputs.txt, outputs.out); },
});
const second = defineStep({
  name: 'second', description: '', inputs: { txt: first.outputs.out }, outputs: { out: '{sample}.second' }, resources,
  async run({ inputs, outputs }) {
    copyFileSync(inputs.txt, outputs.out);
    if (existsSync(process.env.FLAG)) return;
    chmodSync(realpathSync(inputs.txt), 0o644);
    appendFileSync(inputs.txt, 'more');
  },
});
export default definePipeline({ name: 'inplace', description: '', samples, steps: [first, second] });
`,
    });
    const env = { FLAG: join(folder, 'in/good') };
    const run = () => runCli(['run', './mine.js', '--samples', 'in/*.txt', '--store', 'store'], { cwd: folder, env });
    const failed = await run();
    expect(failed.stderr).toContain('changed while the step was using it');
    expect(failed.code).toBe(1);
    writeFileSync(env.FLAG, '');
    const again = await run();
    expect(again, again.stderr).toMatchObject({ code: 0 });
    const published = filesIn(join(folder, 'store'), 'v1/inplace/outputs/**/S1.*');
    expect(published.map((file) => readFileSync(join(folder, 'store', file), 'utf8'))).toEqual(['text\n', 'text\n']);
  });
});
