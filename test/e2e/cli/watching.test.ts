import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli, startCli } from '../../fixtures/cli.ts';
import { plain, told } from '../../fixtures/told.ts';
import { addFiles, OBEY, workFolder } from '../../fixtures/work-folder.ts';
import { untilThere } from '../../fixtures/until.ts';

const RUN = ['run', OBEY, '-s', 'in/*.txt', '--cpus', '1'] as const;

interface Status {
  state: string;
  running: string[];
  summary: { unfinished: number; succeeded: number };
}

test('status, logs and retry while a task runs, from other processes', async () => {
  const cwd = workFolder();
  const orders = `print one\ntouch ${cwd}/started\nawait ${cwd}/go\nprint two\n`;
  addFiles(cwd, { 'in/S1.txt': orders, 'in/S2.txt': 'print fine\n' });
  const run = startCli(RUN, { cwd });
  await untilThere(join(cwd, 'started'));

  // The heartbeat tells of the task a second later at most.
  const status = async () => JSON.parse((await runCli(['status', '--json'], { cwd })).stdout) as Status;
  let now = await status();
  while (now.running.length === 0) now = await status();
  expect(now).toMatchObject({ state: 'running', running: ['S1/obey'], summary: { succeeded: 0, unfinished: 2 } });
  expect(told(await runCli(['status'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 4
    Run obey-1 of obey on local, started <time>: running

    sample  obey     report
    S1      running  waiting
    S2      waiting  waiting

    obey    2 waiting
    report  2 waiting"
  `);
  expect((await exits(0, ['logs', 'S1'], { cwd })).stdout).toBe(
    `one\n$ touch ${cwd}/started\n$ sh -c 'until [ -e "$0" ]; do sleep 0.05; done' ${cwd}/go\n`,
  );
  expect(told(await runCli(['logs', 'S2'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 2
    error: S2 obey has no log: waiting
      -> batch-pipeline status shows where the run is."
  `);
  expect(told(await runCli(['retry'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 4
    error: Run obey-1 is still running
      -> Wait for it, or stop it with "batch-pipeline cancel"."
  `);

  const follow = startCli(['logs', 'S1', 'obey', '--follow'], { cwd });
  await follow.printed(/one/);
  const watch = startCli(['status', '--watch'], { cwd });
  await watch.printed(/running/);
  addFiles(cwd, { go: '' });
  expect(await follow.over).toEqual({
    ...{ code: 0, stderr: '' },
    stdout: `one\n$ touch ${cwd}/started\n$ sh -c 'until [ -e "$0" ]; do sleep 0.05; done' ${cwd}/go\ntwo\n`,
  });
  expect((await run.over).code).toBe(0);
  const watched = await watch.over;
  expect(watched.code).toBe(0);
  const screens = plain(watched.stdout, cwd).split('Run obey-1');
  expect(screens.length).toBeGreaterThan(2);
  expect(screens.at(-1)).toMatchInlineSnapshot(`
    " of obey on local, started <time>: over

    sample  obey       report
    S1      succeeded  succeeded
    S2      succeeded  succeeded

    obey    2 succeeded
    report  2 succeeded
    "
  `);
});

test('--follow of a finished task prints its log and ends; also of a task that prints nothing', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'print one\n' });
  await exits(0, RUN, { cwd });
  expect((await exits(0, ['logs', 'S1', 'obey', '--follow'], { cwd })).stdout).toBe('one\n');

  addFiles(cwd, { 'in/S2.txt': `touch ${cwd}/started\nawait ${cwd}/go\n` });
  const run = startCli(RUN, { cwd });
  await untilThere(join(cwd, 'started'));
  const follow = startCli(['logs', 'S2', '--follow'], { cwd });
  addFiles(cwd, { go: '' });
  expect(await follow.over).toMatchObject({ code: 0 });
  expect((await run.over).code).toBe(0);
});
