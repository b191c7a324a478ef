import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli, startCli, type StartedCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { addFiles, filesIn, OBEY, workFolder } from '../../fixtures/work-folder.ts';
import { isAlive, pidIn, until } from '../../fixtures/until.ts';

const RUN = ['run', OBEY, '-s', 'in/*.txt', '--cpus', '2'] as const;

/** A run of four samples of which the first has ended and two hold; the pids are those of their tools. */
async function holding(...flags: string[]): Promise<{ cwd: string; run: StartedCli; pids: number[] }> {
  const cwd = workFolder({ 'in/S1.txt': 'print fine\n', 'in/S4.txt': 'print fine\n' });
  addFiles(cwd, { 'in/S2.txt': `print held\nhold ${cwd}/S2\n`, 'in/S3.txt': `hold ${cwd}/S3\n` });
  const run = startCli([...RUN, ...flags], { cwd });
  const pids = [await pidIn(join(cwd, 'S2')), await pidIn(join(cwd, 'S3'))];
  await until(() => filesIn(cwd, '**/records/report/S1.*').length === 1);
  return { cwd, run, pids };
}

/** Nothing is half-written, no process is left, and the same command does exactly the rest. */
async function carriesOn(cwd: string, pids: readonly number[]): Promise<void> {
  expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
  expect(filesIn(cwd, '**/.scratch/**')).toEqual([]);
  expect(filesIn(cwd, '**/.tmp/**')).toEqual([]);
  expect(filesIn(cwd, '**/outputs/*/*/*').map((name) => name.split('/').at(-1))).toEqual(['S1.done', 'S1.report']);
  for (const sample of ['S2', 'S3']) rmSync(join(cwd, sample));
  addFiles(cwd, { 'in/S2.txt': 'print free\n', 'in/S3.txt': 'print free\n' });
  const again = await exits(0, RUN, { cwd });
  expect(closing(again, cwd)).toMatch(/: 4 samples, 4 succeeded; 6 tasks run, 2 up to date, in <seconds>\./);
}

test('Ctrl-C asks the tasks to end; finished tasks stay, and the same command continues', async () => {
  const { cwd, run, pids } = await holding();
  run.process.kill('SIGINT');
  const over = await run.over;
  expect(over.stderr).toContain(
    '\nStopping: running tasks are asked to end. Again to kill them. The same command continues later.\n',
  );
  expect(closing(over, cwd).split('\n').slice(-3).join('\n')).toMatchInlineSnapshot(`
    "
    Run obey-1: 4 samples, 1 succeeded, 3 unfinished; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  expect(over.code).toBe(130);
  expect(told(await runCli(['status'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 4
    Run obey-1 of obey on local, started <time>: interrupted; the same \`run\` command carries on

    sample  obey       report
    S2      cancelled  upstream failed
    S3      cancelled  upstream failed
    S4      waiting    waiting
    S1      succeeded  succeeded

    obey    1 succeeded, 2 cancelled, 1 waiting
    report  1 succeeded, 2 upstream-failed, 1 waiting"
  `);
  expect(told(await runCli(['logs', 'S2'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    held
    $ sh -c 'echo $$ >"$0"; while [ -e "$0" ]; do sleep 0.05; done' <folder>/S2
    batch-pipeline: cancelled: Interrupted
    S2 obey failed: cancelled, try 1 of run obey-1 on <host>, <seconds>
    Interrupted"
  `);
  await carriesOn(cwd, pids);
});

test('Ctrl-C twice kills them', async () => {
  const { cwd, run, pids } = await holding();
  run.process.kill('SIGINT');
  await run.printed(/Stopping/);
  run.process.kill('SIGINT');
  const over = await run.over;
  expect(over.code).toBe(130);
  expect((await runCli(['status'], { cwd })).code).toBe(4);
  await until(() => pids.every((pid) => !isAlive(pid)));
  await carriesOn(cwd, pids);
});

test('SIGTERM acts as Ctrl-C', async () => {
  const { cwd, run, pids } = await holding();
  run.process.kill('SIGTERM');
  expect((await run.over).code).toBe(130);
  await carriesOn(cwd, pids);
});

test('cancel stops a run of another process, and waits until it has stopped', async () => {
  const { cwd, run, pids } = await holding();
  expect(told(await runCli(['cancel'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1 is cancelled. What is finished stays; the same run command carries on."
  `);
  expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
  const over = await run.over;
  expect(closing(over, cwd)).toMatchInlineSnapshot(`
    "exit 4
    Run obey-1: 4 samples, 1 succeeded, 3 unfinished; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  expect((await runCli(['status'], { cwd })).code).toBe(4);
  expect(told(await runCli(['cancel'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1 is not running."
  `);
  await carriesOn(cwd, pids);
});

test('a cancelled run can be retried', async () => {
  const { cwd, run } = await holding();
  await exits(0, ['cancel', 'obey-1'], { cwd });
  await run.over;
  for (const sample of ['S2', 'S3']) rmSync(join(cwd, sample));
  const retry = startCli(['retry'], { cwd });
  for (const sample of ['S2', 'S3']) {
    await pidIn(join(cwd, sample));
    rmSync(join(cwd, sample));
  }
  expect(closing(await retry.over, cwd)).toMatch(/^exit 0\n/);
  await exits(0, ['status'], { cwd });
});
