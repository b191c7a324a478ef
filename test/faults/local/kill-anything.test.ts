import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../pipelines/fusion/demo/random.ts';
import { auditStore, publishedFiles, successRecords } from '../../fixtures/crash/audit-store.ts';
import { countKills, type Kills, killSome, noKills } from '../../fixtures/crash/kill-some.ts';
import { everyone, findCast, untilNone } from '../../fixtures/crash/processes.ts';
import { type Command, copyProgram, type Program } from '../../fixtures/crash/program.ts';

/** Another one every time; SEED=… KILLS=… repeats or prolongs. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['KILLS'] ?? 100);
const SAMPLES = 12;
/** Each sample step for each sample, and the step before them. */
const TASKS = 3 * SAMPLES + 1;
/** How long runners may take to notice that their command has died, and to stop their tools. */
const GOING_MS = 20_000;
const PIPELINE = join(import.meta.dirname, '../../fixtures/crash/crash-pipeline.ts');

test(`whatever is killed, the same command ends with the same bytes (SEED=${SEED})`, async () => {
  const lab = openLab();
  const undisturbed = await undisturbedRun(lab);
  const kills = noKills();
  let [rounds, commands] = [0, 0];
  for (; countKills(kills) < KILLS; rounds += 1) commands += await disturbedRun(lab, rounds, kills, undisturbed);
  console.log(`SEED=${SEED}: ${countKills(kills)} kills in ${rounds} rounds, ${commands} commands:`, kills);
});

interface Lab {
  program: Program;
  random: Random;
}

function openLab(): Lab {
  const home = mkdtempSync(join(tmpdir(), 'kill-anything-'));
  const random = new Random(SEED);
  console.log(`SEED=${SEED}`);
  onTestFinished(({ task }) => {
    // What a failed round left is what tells why.
    if (task.result?.state === 'fail') console.log(`Left for a look: ${home}`);
    else rmSync(home, { recursive: true, force: true });
  });
  writeSamples(home, random);
  return { program: copyProgram(home), random };
}

function writeSamples(home: string, random: Random): void {
  mkdirSync(join(home, 'texts'));
  const words = ['and', 'or', 'the', 'pear', 'plum', 'apple', 'cherry', 'quince', 'fig'];
  for (let i = 1; i <= SAMPLES; i++) {
    const lines = Array.from({ length: random.between(200, 2000) }, () => random.pick(words));
    writeFileSync(join(home, 'texts', `S${i}.txt`), `${lines.join('\n')}\nS${i}\n`);
  }
}

function startCommand({ program }: Lab, store: string): Command {
  mkdirSync(`${store}-marks`, { recursive: true });
  const args = ['run', PIPELINE, '--samples', 'texts/*.txt', '--store', store, '--cpus', '4', '--memory', '1GB'];
  return program.start(args, { CRASH_MARKS: `${store}-marks` });
}

/** The results without any kill. */
async function undisturbedRun(lab: Lab): Promise<Record<string, string>> {
  const store = join(lab.program.home, 'undisturbed');
  const end = await startCommand(lab, store).over;
  expect(end, end.stderr).toMatchObject({ code: 0 });
  const audit = auditStore(store);
  expect(audit).toMatchObject({ complaints: [], unreferenced: [], scratch: [] });
  expect(audit.succeeded.size).toBe(TASKS + 1);
  return publishedFiles(audit);
}

/** Kills and runs again until a run ends well, then looks at everything. Answers how many commands that took. */
async function disturbedRun(
  lab: Lab,
  round: number,
  kills: Kills,
  undisturbed: Record<string, string>,
): Promise<number> {
  const store = join(lab.program.home, `round-${round}`);
  const scratch = join(store, '.scratch');
  const { dist } = lab.program;
  const before: Finished[] = [];
  for (let code: number | null = null; code !== 0;) {
    const command = startCommand(lab, store);
    const most = lab.random.between(1, 5);
    await killSome(command, kills, { random: lab.random, dist, scratch, most, waitsMs: [20, 200, 800] });
    const end = await command.over;
    code = end.code;
    // Killed, or all is well, or samples failed: never anything else.
    expect([null, 0, 1], end.stderr).toContain(code);
    before.push(finishedSoFar(store));
  }
  await expectNothingToDo(lab, store);
  expect(await untilNone(() => everyone(findCast(dist, scratch)), GOING_MS), 'left behind').toEqual([]);
  expectStore(store, undisturbed);
  for (const finished of before) expectUntouched(store, finished);
  return before.length;
}

async function expectNothingToDo(lab: Lab, store: string): Promise<void> {
  const end = await startCommand(lab, store).over;
  expect(end, end.stderr).toMatchObject({ code: 0 });
  expect(end.stderr).toContain(`Everything is up to date: ${SAMPLES} samples, ${TASKS + 1} tasks`);
}

/** What is finished at some moment: success records as they are, and how often their tasks have run. */
interface Finished {
  records: Map<string, string>;
  marks: Map<string, number>;
}

function finishedSoFar(store: string): Finished {
  // In this order: a task whose record is there has left all the marks that it ever will.
  const records = successRecords(store);
  return { records, marks: readMarks(store) };
}

function readMarks(store: string): Map<string, number> {
  const folder = `${store}-marks`;
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8').length]));
}

/** No finished task was repeated, and its record is the very same. */
function expectUntouched(store: string, { records, marks }: Finished): void {
  const now = finishedSoFar(store);
  for (const [key, bytes] of records) {
    expect(now.records.get(key), `${key} has changed`).toBe(bytes);
    const [, step, sample] = /\/records\/([^/]+)\/([^.]+)\./.exec(key) ?? [];
    // A gather without all samples is followed by others.
    if (step === 'table') continue;
    expect(now.marks.get(`${step}.${sample}`), `${key} was repeated`).toBe(marks.get(`${step}.${sample}`));
  }
}

/** Everything is there once, whole, with the bytes of the undisturbed run, and nothing else is. */
function expectStore(store: string, undisturbed: Record<string, string>): void {
  const audit = auditStore(store);
  expect(audit).toMatchObject({ complaints: [], scratch: [] });
  // The output of a partial gather that was killed before its record belongs to no record: the samples missing then
  // have finished by now.
  expect(audit.unreferenced.filter((key) => !key.includes('/outputs/table/'))).toEqual([]);
  const records = [...audit.succeeded.values()];
  const tables = records.filter(({ step }) => step === 'table');
  expect(records.length - tables.length, 'success records').toBe(TASKS);
  expect(publishedFiles(audit, ['stopwords', 'sort', 'pack', 'count'])).toEqual(
    Object.fromEntries(Object.entries(undisturbed).filter(([file]) => !file.startsWith('table/'))),
  );
  const sums = tables.flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256));
  expect(sums, 'the table over everybody').toContain(undisturbed['table/cohort/table.txt']);
}
