import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processStart } from '../../src/record/proc.ts';
import { exits, runCli, startCli } from '../fixtures/cli.ts';
import { told } from '../fixtures/told.ts';
import { pidIn, until } from '../fixtures/until.ts';
import { addFiles, filesIn, LETTERS, OBEY, PIPELINES, TWO_TEXTS, workFolder } from '../fixtures/work-folder.ts';

const STORE = 'batch-pipeline-store';
const RUN = ['run', LETTERS, '-s', 'in/*.txt'] as const;
const DAY_MS = 86_400_000;

/** Makes everything in the store so many days older. */
function age(cwd: string, days: number): void {
  const time = new Date(Date.now() - days * DAY_MS);
  for (const name of filesIn(join(cwd, STORE))) utimesSync(join(cwd, STORE, name), time, time);
}

function outputs(cwd: string, step: string): string[] {
  return globSync(`${STORE}/v1/*/outputs/${step}/*/*`, { cwd })
    .map((name) => name.split('/').at(-1) ?? '')
    .toSorted();
}

interface Told {
  removed: boolean;
  garbage: { kind: string; group: string; name: string; size: number }[];
  spared: { what: string; why: string }[];
}

async function gc(cwd: string, ...flags: string[]): Promise<Told> {
  return JSON.parse((await exits(0, ['gc', '--json', ...flags], { cwd })).stdout) as Told;
}

const groups = ({ garbage }: Told) => garbage.map(({ kind, group }) => `${kind} ${group}`);

test('a run that ended long ago: intermediates are removed, and are not needed', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  expect(groups(await gc(cwd))).toEqual([]);
  expect(groups(await gc(cwd, '--keep-days', '0'))).toEqual([]);
  age(cwd, 40);
  expect(groups(await gc(cwd, '--keep-days', '50'))).toEqual([]);
  const before = filesIn(join(cwd, STORE));
  expect(told(await exits(0, ['gc'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    what             where           number  size  why
    expired scratch  letters sorted  2       8 B   read by marked, which succeeded

    2 items, 8 B
    Nothing was removed. next: batch-pipeline gc --apply"
  `);
  expect(filesIn(join(cwd, STORE))).toEqual(before);

  const status = (await exits(0, ['status'], { cwd })).stdout;
  expect(told(await exits(0, ['gc', '--apply'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 0
    what             where           number  size  why
    expired scratch  letters sorted  2       8 B   read by marked, which succeeded

    2 items, 8 B
    Removed."
  `);
  expect([outputs(cwd, 'sorted'), outputs(cwd, 'marked'), outputs(cwd, 'table')]).toEqual([
    [],
    ['S1.marked.txt', 'S2.marked.txt'],
    ['table.tsv'],
  ]);
  expect(groups(await gc(cwd))).toEqual([]);

  // Nothing has changed for a reader, and nothing is to be done.
  expect((await exits(0, ['status'], { cwd })).stdout).toBe(status);
  await exits(0, ['results', '--verify'], { cwd });
  const asked = await exits(0, ['results', '--step', 'sorted', '--to', 'sorted'], { cwd });
  expect(asked.stderr).toContain('sorted: the files of 2 samples were removed.');
  expect((await exits(0, ['retry'], { cwd })).stderr).toContain('has nothing to retry');
  expect((await exits(0, [...RUN], { cwd })).stderr).toContain('up to date');
  expect(outputs(cwd, 'sorted')).toEqual([]);

  // A later run does not need them, and they stay removed.
  await exits(0, [...RUN, '-p', 'loud=true'], { cwd });
  const later = await exits(0, ['results', '--step', 'sorted', '--to', 'sorted'], { cwd });
  expect(later.stderr).toContain('sorted: the files of 2 samples were removed.');

  // A changed param of the later step needs them again, and the plan gives the reason.
  const changed = [...RUN, '-p', 'copies=2'];
  expect((await exits(0, ['plan', ...changed.slice(1)], { cwd })).stdout).toContain('its files were removed');
  await exits(0, changed, { cwd });
  expect(outputs(cwd, 'sorted')).toEqual(['S1.sorted.txt', 'S2.sorted.txt']);
  expect(groups(await gc(cwd, '--apply'))).toEqual([]);
  // By then they are as good as new.
  expect((await exits(0, ['status', 'letters-1'], { cwd })).stdout).toBe(status);
});

test('a later step that lost its output reruns from what gc has removed', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  age(cwd, 40);
  await exits(0, ['gc', '--apply'], { cwd });
  for (const file of globSync(`${STORE}/v1/letters/outputs/marked/S1*/*`, { cwd })) rmSync(join(cwd, file));
  const { samples } = JSON.parse((await runCli(['status', '--json'], { cwd })).stdout) as {
    samples: { tasks: Record<string, { state: string }> }[];
  };
  expect(samples.map(({ tasks }) => [tasks['sorted']?.state, tasks['marked']?.state])).toEqual([
    ['waiting', 'damaged'],
    ['succeeded', 'succeeded'],
  ]);
  await exits(0, ['retry'], { cwd });
  expect([outputs(cwd, 'sorted'), outputs(cwd, 'marked')]).toEqual([
    ['S1.sorted.txt'],
    ['S1.marked.txt', 'S2.marked.txt'],
  ]);
});

test('a partly removed intermediate folder is not damage to a finished run', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  const [file = ''] = globSync(`${STORE}/v1/letters/outputs/sorted/S1*/*`, { cwd });
  rmSync(join(cwd, file));
  writeFileSync(join(cwd, file), '');
  expect((await exits(0, ['status'], { cwd })).stdout).not.toContain('damaged');
  expect((await exits(0, ['retry'], { cwd })).stderr).toContain('has nothing to retry');
  // For a step that needs it, it counts as removed.
  await exits(0, [...RUN, '-p', 'copies=2'], { cwd });
  expect((await exits(0, ['status', 'letters-1'], { cwd })).stdout).not.toContain('damaged');
});

test('a sample that failed later on keeps what the failed step reads', async () => {
  // No block of that size can be had.
  const cwd = workFolder({ 'in/S1.txt': 'fine\n', 'in/S2.txt': 'memory 99999999999999\n' });
  await exits(1, ['run', join(PIPELINES, 'needs.ts'), '-s', 'in/*.txt'], { cwd });
  age(cwd, 40);
  await exits(0, ['gc', '--apply'], { cwd });
  expect([outputs(cwd, 'a'), outputs(cwd, 'b'), outputs(cwd, 'c')]).toEqual([['S2.a'], [], ['S1.c']]);
});

test('a reader that has succeeded with other outputs does not count', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'fine\n', 'in/S2.txt': 'fine\n' });
  const run = ['run', join(PIPELINES, 'needs.ts'), '-s', 'in/*.txt'];
  await exits(0, run, { cwd });
  // S2 is another file by now, with which `b` fails.
  addFiles(cwd, { 'in/S2.txt': 'memory 99999999999999\n' });
  await exits(1, run, { cwd });
  age(cwd, 40);
  await exits(0, ['gc', '--apply'], { cwd });
  expect([outputs(cwd, 'a'), outputs(cwd, 'b')]).toEqual([['S2.a'], []]);
});

test('an unreadable mark blocks nothing, and its appearance is noticed', async () => {
  const cwd = workFolder(TWO_TEXTS);
  addFiles(cwd, { [`${STORE}/v1/gc.json`]: '' });
  await exits(0, RUN, { cwd });
  age(cwd, 40);
  expect(groups(await gc(cwd, '--apply'))).toEqual(['scratch letters sorted', 'scratch letters sorted']);
  expect(readFileSync(join(cwd, STORE, 'v1/gc.json'), 'utf8')).toContain('"over":true');
});

test('gc without permission for AWS Batch still cleans up the store', async () => {
  const batch = createServer((_, answer) => {
    answer.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException', 'content-type': 'application/json' });
    answer.end('{"message":"no"}');
  });
  onTestFinished(() => void batch.close());
  await once(batch.listen(0, '127.0.0.1'), 'listening');
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  const deployed = { version: 1, region: 'us-east-1', jobRoleArn: 'arn:aws:iam::123456789012:role/jobs' };
  addFiles(cwd, { [`${STORE}/v1/deployment.json`]: JSON.stringify(deployed) });
  age(cwd, 40);
  const env = {
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    BATCH_PIPELINE_BATCH_ENDPOINT: `http://127.0.0.1:${(batch.address() as AddressInfo).port}`,
  };
  const { stdout } = await exits(0, ['gc', '--json', '--apply'], { cwd, env });
  expect((JSON.parse(stdout) as Told).spared).toEqual([
    { what: 'job definitions', why: 'AWS denies batch:DescribeJobDefinitions' },
  ]);
  expect(outputs(cwd, 'sorted')).toEqual([]);
});

test('outputs of attempts without a record are removed once no run of the pipeline is running', async () => {
  const cwd = workFolder({ 'in/S1.txt': 'print fine\n', 'in/S2.txt': `hold HERE\n` });
  addFiles(cwd, { 'in/S2.txt': `hold ${cwd}/S2\n` });
  const run = startCli(['run', OBEY, '-s', 'in/*.txt', '--cpus', '2'], { cwd });
  await pidIn(join(cwd, 'S2'));
  await until(() => filesIn(cwd, '**/records/report/S1.*').length === 1);
  // As a killed attempt leaves them: a folder without a record, and one beside that of the record.
  const [own = ''] = globSync(`${STORE}/v1/obey/outputs/report/S1.*`, { cwd });
  for (const folder of [own.replace('/S1.', '/S9.'), `${own.slice(0, -3)}000`]) {
    mkdirSync(join(cwd, folder), { recursive: true });
    writeFileSync(join(cwd, folder, 'left.txt'), 'left');
  }
  age(cwd, 1);
  const busy = await gc(cwd, '--apply');
  expect([groups(busy), busy.spared]).toEqual([[], [{ what: 'outputs of obey', why: 'obey-1 has not finished' }]]);
  run.process.kill('SIGKILL');
  await run.over;
  rmSync(join(cwd, 'in/S2.txt'));
  age(cwd, 1);
  expect(groups(await gc(cwd))).toEqual(['leftover obey report', 'leftover obey report']);
  await exits(0, ['gc', '--apply'], { cwd });
  expect(existsSync(join(cwd, own))).toBe(true);
  expect(globSync('**/left.txt', { cwd })).toEqual([]);
  expect((await gc(cwd)).garbage).toEqual([]);
});

test('leftovers of a dead writer are removed after a day', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  addFiles(cwd, { [`${STORE}/.tmp/old`]: 'half', [`${STORE}/.tmp/new`]: 'half' });
  const time = new Date(Date.now() - 2 * DAY_MS);
  utimesSync(join(cwd, STORE, '.tmp/old'), time, time);
  expect((await gc(cwd)).garbage).toMatchObject([{ kind: 'unfinished', name: '.tmp/old', size: 4 }]);
  await exits(0, ['gc', '--apply'], { cwd });
  expect(filesIn(join(cwd, STORE, '.tmp'))).toEqual(['new']);
});

test('a run that starts meanwhile is refused, and one that is starting blocks everything', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  age(cwd, 40);
  // The mark as gc writes it while running: this process is alive.
  const { pid } = process;
  const mark = { id: 'x', at: new Date().toISOString(), host: hostname(), pid, start: processStart(pid), over: false };
  addFiles(cwd, { [`${STORE}/v1/gc.json`]: JSON.stringify(mark) });
  const changed = [...RUN, '-p', 'copies=2'];
  expect((await exits(3, changed, { cwd })).stderr).toContain('batch-pipeline gc is running on this store');
  await exits(0, ['plan', ...changed.slice(1)], { cwd });
  expect((await exits(3, ['gc', '--apply'], { cwd })).stderr).toContain('batch-pipeline gc is running on this store');
  // It was killed.
  addFiles(cwd, { [`${STORE}/v1/gc.json`]: JSON.stringify({ ...mark, pid: 2 ** 22 }) });
  const starting = await gc(cwd, '--apply');
  expect([groups(starting), starting.spared]).toEqual([
    [],
    [{ what: 'everything else', why: 'letters-2 is being started' }],
  ]);
  age(cwd, 1);
  await exits(0, changed, { cwd });
});

test('a retry that is refused meanwhile leaves the run unchanged, and one that is starting blocks its pipeline', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  for (const file of globSync(`${STORE}/v1/letters/outputs/marked/S1*/*`, { cwd })) rmSync(join(cwd, file));
  age(cwd, 40);
  const { pid } = process;
  const mark = { id: 'x', at: new Date().toISOString(), host: hostname(), pid, start: processStart(pid), over: false };
  addFiles(cwd, { [`${STORE}/v1/gc.json`]: JSON.stringify(mark) });
  const before = filesIn(join(cwd, STORE));
  expect((await exits(3, ['retry'], { cwd })).stderr).toContain('batch-pipeline gc is running on this store');
  expect(filesIn(join(cwd, STORE))).toEqual(before);
  addFiles(cwd, { [`${STORE}/v1/gc.json`]: JSON.stringify({ ...mark, over: true }) });
  expect(groups(await gc(cwd))).toEqual(['scratch letters sorted', 'scratch letters sorted']);
  // The state of a retry just before it checks whether gc is running.
  addFiles(cwd, { [`${STORE}/v1/runs/letters-1/submissions/1`]: '{"jobs":2}' });
  const begun = await gc(cwd, '--apply');
  expect([groups(begun), begun.spared]).toEqual([
    [],
    [{ what: 'outputs of letters', why: 'letters-1 has not finished' }],
  ]);
  await exits(0, ['retry'], { cwd });
});

test('runs and gc at the same time: a refused run has lost nothing', async () => {
  const cwd = workFolder(TWO_TEXTS);
  await exits(0, RUN, { cwd });
  for (let round = 2; round <= 5; round++) {
    age(cwd, 40);
    const changed = [...RUN, '-p', `copies=${round}`];
    const [ran, collected] = await Promise.all([
      runCli(changed, { cwd }),
      runCli(['gc', '--apply', '--keep-days', '0'], { cwd }),
    ]);
    expect(collected, collected.stderr).toMatchObject({ code: 0 });
    if (ran.code !== 0)
      expect(ran, ran.stderr).toMatchObject({ code: 3, stderr: expect.stringContaining('gc is running') });
    await exits(0, changed, { cwd });
    await exits(0, ['results', '--verify'], { cwd });
  }
});

test('--keep-days takes whole days', async () => {
  const cwd = workFolder();
  expect(told(await exits(2, ['gc', '--keep-days', 'ten'], { cwd }), cwd)).toMatchInlineSnapshot(`
    "exit 2
    error: --keep-days: "ten" is not a number of days
      -> Give a whole number: --keep-days 30"
  `);
});
