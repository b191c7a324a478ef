import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exits, PROGRAM, runCli, startProgram } from '../../fixtures/cli.ts';
import { addFiles, LETTERS, OBEY, TWO_TEXTS, workFolder } from '../../fixtures/work-folder.ts';

const ESCAPE = '\u{1b}[';

/** Names of the commands below a command, from its own help. */
async function commandsOf(cwd: string, ...path: string[]): Promise<string[]> {
  const { stdout } = await exits(0, [...path, '--help'], { cwd });
  const listed = /\nCommands:\n([\s\S]*?)(\n\n|$)/.exec(stdout)?.[1] ?? '';
  return listed.split('\n').flatMap((line) => /^ {2}([a-z]+)/.exec(line)?.[1] ?? []);
}

describe('help', () => {
  test('every command describes itself, with its own example', async () => {
    const cwd = workFolder();
    const commands = (await commandsOf(cwd)).filter((name) => name !== 'help').map((name) => [name]);
    expect(commands.flat()).toEqual(
      expect.arrayContaining([
        'run',
        'plan',
        'status',
        'logs',
        'retry',
        'cancel',
        'results',
        'runs',
        'samples',
        'reference',
        'doctor',
        'check',
        'init',
        'demo',
        'completion',
      ]),
    );
    const nested = (await commandsOf(cwd, 'reference')).filter((name) => name !== 'help');
    const all = [...commands.filter(([name]) => name !== 'reference'), ...nested.map((name) => ['reference', name])];
    for (const command of all) {
      const { stdout } = await exits(0, [...command, '--help'], { cwd });
      const name = command.join(' ');
      expect(stdout).toMatch(new RegExp(`^Usage: batch-pipeline ${name}\\b`));
      expect([name, stdout]).toEqual([
        name,
        expect.stringMatching(new RegExp(`\\nExample:\\n  \\$ .*batch-pipeline ${name}\\b`)),
      ]);
      expect(stdout).toContain('Global Options:');
    }
  });

  test('help and version go to stdout, errors to stderr', async () => {
    const cwd = workFolder();
    expect(await exits(0, ['--version'], { cwd })).toMatchObject({
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    expect((await exits(0, ['help', 'run'], { cwd })).stdout).toMatch(/^Usage: batch-pipeline run/);
    expect(await exits(2, [], { cwd })).toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(/^Usage: batch-pipeline/),
    });
  });
});

describe('colour', () => {
  test('none in a pipe, none with NO_COLOR, some if requested', async () => {
    const cwd = workFolder(TWO_TEXTS);
    await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd });
    const status = async (env: Record<string, string>) => (await exits(0, ['status'], { cwd, env })).stdout;
    expect(await status({})).not.toContain(ESCAPE);
    expect(await status({ FORCE_COLOR: '1' })).toContain(`${ESCAPE}32msucceeded${ESCAPE}39m`);
    expect(await status({ NO_COLOR: '1' })).toBe(await status({}));
    const error = await runCli(['status', 'x-1'], { cwd, env: { FORCE_COLOR: '1' } });
    expect(error.stderr).toContain(`${ESCAPE}31merror:${ESCAPE}39m`);
  });

  test('columns line up with colour and without', async () => {
    const cwd = workFolder(TWO_TEXTS);
    await exits(0, ['run', LETTERS, '-s', 'in/*.txt'], { cwd });
    const coloured = (await exits(0, ['status'], { cwd, env: { FORCE_COLOR: '1' } })).stdout;
    const plain = (await exits(0, ['status'], { cwd })).stdout;
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});

/** A run whose reader has closed stdout and stderr before any output; then its exit code. */
const PIPE = `
{ sleep 0.2; node "$PROGRAM" run "$1" -s 'in/*.txt' --json; echo "run $?" >code; } 2>&1 | true
until [ -s code ]; do sleep 0.05; done
cat code
`;

describe('pipes', () => {
  test('a reader that closes the pipe is not a failure', async () => {
    const cwd = workFolder(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`in/S${i}.txt`, `${i}\n`])));
    const pipe = (command: string) =>
      startProgram('bash', ['-o', 'pipefail', '-c', `${command} | head -n 1`], { cwd, env: { PROGRAM } }).over;
    const plan = await pipe(`node "$PROGRAM" plan ${LETTERS} -s 'in/*.txt' --json`);
    expect(plan).toEqual({ code: 0, stdout: '{\n', stderr: '' });
    const help = await pipe('node "$PROGRAM" run --help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
  });

  test('a run continues to its end without a reader', async () => {
    const cwd = workFolder({ ...TWO_TEXTS, 'pipe.sh': PIPE });
    const { stdout } = await startProgram('bash', ['pipe.sh', LETTERS], { cwd, env: { PROGRAM } }).over;
    expect(stdout).toBe('run 0\n');
    await exits(0, ['status'], { cwd });
  });

  test('a full disk behind stdout is reported', async () => {
    const cwd = workFolder(TWO_TEXTS);
    const full = (command: string) =>
      startProgram('bash', ['-c', `node "$PROGRAM" ${command} > /dev/full`], { cwd, env: { PROGRAM } }).over;
    const { code, stderr } = await full(`plan ${LETTERS} -s 'in/*.txt'`);
    expect([code, stderr]).toMatchInlineSnapshot(`
      [
        3,
        "error: The output cannot be written: ENOSPC: no space left on device, write
      ",
      ]
    `);
    expect(await full(`run ${LETTERS} -s 'in/*.txt' --json`)).toMatchObject({ code: 3 });
    await exits(0, ['status'], { cwd });
  });
});

describe('--json', () => {
  test('is one document per query', async () => {
    const cwd = workFolder(TWO_TEXTS);
    addFiles(cwd, { 'sheet.csv': 'sample,txt,other\nS1,in/S1.txt,x\n' });
    const run = ['run', LETTERS, '-s', 'in/*.txt'];
    const json = async (...args: string[]): Promise<unknown> => {
      const { stdout, code } = await runCli([...args, '--json'], { cwd });
      expect([args, code]).toEqual([args, 0]);
      return JSON.parse(stdout);
    };
    expect(await json('plan', ...run.slice(1))).toMatchObject({
      samples: ['S1', 'S2'],
      steps: [{}, {}, {}],
      jobs: [{}, {}, {}],
    });
    await exits(0, run, { cwd });
    expect(await json(...run)).toEqual({ kind: 'up-to-date', samples: 2, tasks: 5 });
    expect(await json('status')).toMatchObject({ run: 'letters-1', state: 'over', summary: { succeeded: 2 } });
    expect(await json('runs')).toMatchObject([{ run: 'letters-1', pipeline: 'letters', samples: 2 }]);
    expect(await json('logs', 'S1')).toMatchObject({ version: 1, state: 'succeeded', sample: 'S1', step: 'marked' });
    expect(await json('results')).toMatchObject([{ sample: 'S1' }, { sample: 'S2' }, { sample: 'cohort' }]);
    expect(await json('samples', 'sheet.csv', '--pipeline', LETTERS)).toMatchObject([{ name: 'S1' }]);
    expect(await json('reference', 'list')).toEqual([]);
    expect(await json('doctor', LETTERS)).toContainEqual(expect.objectContaining({ subject: 'store', level: 'ok' }));
  });

  test('is one event per line for a run, with only notices on stderr', async () => {
    const cwd = workFolder({ 'in/S1.txt': 'print fine\n', 'in/S2.txt': 'throw it\n' });
    const { stdout, stderr } = await exits(1, ['run', OBEY, '-s', 'in/*.txt', '--json'], { cwd });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(events.map(({ kind }) => kind)).toEqual(['planned', 'submitted', 'submitted', 'task-failed', 'finished']);
    expect(events[3]).toEqual({ kind: 'task-failed', run: 'obey-1', sample: 'S2', step: 'obey', cause: 'tool' });
    expect(events[4]).toMatchObject({ run: 'obey-1', summary: { samples: 2, succeeded: 1, failed: 1, unfinished: 0 } });
    expect(stderr).toBe('');
    const retry = await exits(1, ['retry', '--json'], { cwd });
    for (const line of retry.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('kind');
  });
});

describe('completion', () => {
  test('the bash script is valid, and completes commands, flags and files', async () => {
    const cwd = workFolder({ 'samples.csv': '' });
    const { stdout } = await exits(0, ['completion', 'bash'], { cwd });
    addFiles(cwd, { 'completion.bash': stdout });
    execFileSync('bash', ['-n', join(cwd, 'completion.bash')]);
    const complete = (...words: string[]): string[] => {
      const script =
        'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _batch_pipeline; printf "%s\\n" "${COMPREPLY[@]}"';
      return execFileSync('bash', ['-c', script, 'bash', ...words], { cwd, encoding: 'utf8' })
        .trim()
        .split('\n');
    };
    expect(complete('batch-pipeline', 're')).toEqual(['retry', 'results', 'reference']);
    expect(complete('batch-pipeline', 'run', '--sam')).toEqual(['--samples', '--sample-list-file']);
    expect(complete('batch-pipeline', 'status', '--st')).toEqual(['--store']);
    expect(complete('batch-pipeline', 'run', '--samples', 'sam')).toEqual(['samples.csv']);
  });

  test('the zsh and fish scripts name every command and flag', async () => {
    const cwd = workFolder();
    const zsh = (await exits(0, ['completion', 'zsh'], { cwd })).stdout;
    const fish = (await exits(0, ['completion', 'fish'], { cwd })).stdout;
    for (const command of await commandsOf(cwd)) {
      if (command === 'help') continue;
      expect(zsh).toMatch(new RegExp(`^ +${command}\\) compadd -- .*--store`, 'm'));
      expect(fish).toContain(`complete -c batch-pipeline -n __fish_use_subcommand -a ${command} -d '`);
      expect(fish).toContain(`'__fish_seen_subcommand_from ${command}' -l store`);
    }
  });
});
