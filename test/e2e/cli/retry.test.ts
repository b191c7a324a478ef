import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { addFiles, filesIn, OBEY, workFolder } from '../../fixtures/work-folder.ts';

const RUN = ['run', OBEY, '-s', 'in/*.txt'] as const;

/** Memory and time of the jobs of one submission, by step. */
function given(folder: string, submission: number): Record<string, [memoryMiB: number, timeLimitSeconds: number]> {
  const jobs = filesIn(folder, `batch-pipeline-store/v1/runs/obey-1/jobs/${submission}-*`).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Job,
  );
  return Object.fromEntries(
    jobs.map(({ job, resources: { memoryMiB, timeLimitSeconds } }) => [job, [memoryMiB, timeLimitSeconds]]),
  );
}

interface Job {
  job: string;
  resources: { memoryMiB: number; timeLimitSeconds: number };
}

/** Names of the records of a step, keys left out. */
function records(folder: string, step: string): string[] {
  return filesIn(folder, `batch-pipeline-store/v1/obey/records/${step}/*`).map((name) =>
    name.slice(name.lastIndexOf('/') + 1).replace(/[0-9a-f]{40}\./, ''),
  );
}

test('once the cause is fixed, retry runs only what failed', async () => {
  const folder = workFolder({ 'in/S1.txt': 'print fine\n' });
  addFiles(folder, { 'in/S2.txt': `print looking\nneed ${folder}/there\n` });
  expect(closing(await runCli(RUN, { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 1
    failed S2 in step obey: tool
      ls exited with code 2
      | looking
      | $ ls <folder>/there
      | ls: cannot access '<folder>/there': No such file or directory
      log: batch-pipeline logs S2 obey
      debug: batch-pipeline debug S2 obey

    Run obey-1: 2 samples, 1 succeeded, 1 failed; 3 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  expect(told(await runCli(['logs', 'S2'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    looking
    $ ls <folder>/there
    ls: cannot access '<folder>/there': No such file or directory
    batch-pipeline: tool: ls exited with code 2
    S2 obey failed: tool, try 1 of run obey-1 on <host>, <seconds>
    ls exited with code 2"
  `);
  addFiles(folder, { there: '' });
  expect(closing(await runCli(['retry'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1: 2 samples, 2 succeeded; 4 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
  expect(records(folder, 'obey')).toEqual([
    ...['S1.succeeded.json', 'S2.obey-1_0_1.failed-tool.json', 'S2.succeeded.json'],
  ]);
  expect(told(await runCli(['retry'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1 has nothing to retry."
  `);
  expect(told(await runCli(['status'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-1 of obey on local, started <time>: over

    sample  obey       report
    S1      succeeded  succeeded
    S2      succeeded  succeeded

    obey    2 succeeded
    report  2 succeeded"
  `);
});

test('the run command does the same', async () => {
  const folder = workFolder({ 'in/S1.txt': 'print fine\n' });
  addFiles(folder, { 'in/S2.txt': `need ${folder}/there\n` });
  await exits(1, RUN, { cwd: folder });
  addFiles(folder, { there: '' });
  expect(closing(await runCli(RUN, { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    Run obey-2: 2 samples, 2 succeeded; 2 tasks run, 2 up to date, in <seconds>.
    next: batch-pipeline results"
  `);
});

test('a task that ran out of memory gets twice as much, in its own job', async () => {
  const folder = workFolder({ 'in/S1.txt': 'heap 150\n', 'in/S2.txt': 'print fine\n', 'in/S3.txt': 'throw it\n' });
  await exits(1, RUN, { cwd: folder });
  expect(records(folder, 'obey')).toEqual([
    ...['S1.obey-1_0_1.failed-out-of-memory.json', 'S2.succeeded.json', 'S3.obey-1_0_1.failed-tool.json'],
  ]);
  expect(closing(await runCli(['retry'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 1
    failed S3 in step obey: tool
      Error: it
          at throw (file://<project>/test/fixtures/pipelines/obey.ts:33:11)
          at Object.run (file://<project>/test/fixtures/pipelines/obey.ts:50:13)
      log: batch-pipeline logs S3 obey
      debug: batch-pipeline debug S3 obey

    Run obey-1: 3 samples, 2 succeeded, 1 failed; 5 tasks run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  expect(given(folder, 1)).toEqual({
    '1-obey-0-0': [200, 600],
    '1-report-0-0': [100, 600],
    '1-obey-1-0': [100, 600],
    '1-report-1-0': [100, 600],
  });
  expect(records(folder, 'obey')).toContain('S1.succeeded.json');
});

test('a task that ran out of time gets twice as much', async () => {
  const folder = workFolder();
  addFiles(folder, { 'in/S1.txt': `print waiting\nawait ${folder}/there\n` });
  const run = await exits(1, [...RUN, '--set', 'obey.time=4s'], { cwd: folder });
  expect(closing(run, folder)).toMatchInlineSnapshot(`
    "exit 1
    failed S1 in step obey: timeout
      The time limit of 4 s was exceeded
      -> batch-pipeline retry gives it more time.
      | waiting
      | $ sh -c 'until [ -e "$0" ]; do sleep 0.05; done' <folder>/there
      log: batch-pipeline logs S1 obey
      debug: batch-pipeline debug S1 obey

    Run obey-1: 1 sample, 0 succeeded, 1 failed; 1 task run, 0 up to date, in <seconds>.
    next: batch-pipeline status   batch-pipeline retry"
  `);
  addFiles(folder, { there: '' });
  await exits(0, ['retry'], { cwd: folder });
  expect(given(folder, 1)).toEqual({ '1-obey-0-0': [100, 8], '1-report-0-0': [100, 600] });
});

test('an older run is retried by its name', async () => {
  const folder = workFolder({ 'in/S2.txt': 'print fine\n' });
  addFiles(folder, { 'in/S1.txt': `need ${folder}/there\n` });
  await exits(1, ['run', OBEY, '-s', 'S1', '--inputs', 'in'], { cwd: folder });
  await exits(0, ['run', OBEY, '-s', 'S2', '--inputs', 'in'], { cwd: folder });
  addFiles(folder, { there: '' });
  expect(told(await runCli(['retry'], { cwd: folder }), folder)).toBe('exit 0\nRun obey-2 has nothing to retry.');
  await exits(1, ['status', 'obey-1'], { cwd: folder });
  await exits(0, ['retry', 'obey-1'], { cwd: folder });
  await exits(0, ['status', 'obey-1'], { cwd: folder });
});
