import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../pipelines/fusion/demo/random.ts';
import { auditStore, publishedFiles, successRecords } from '../../fixtures/crash/audit-store.ts';
import { type Cast, everyone, findCast, kill, untilNone } from '../../fixtures/crash/processes.ts';
import { type Command, copyProgram, type Program } from '../../fixtures/crash/program.ts';

/** Another one every time; SEED=… KILLS=… repeats or prolongs. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['KILLS'] ?? 100);
const SAMPLES = 12;
/** Each sample step for each sample, and the two cohort steps. */
const TASKS = 3 * SAMPLES + 2;
/** How long runners may take to notice that their command is gone, and to stop their tools. */
const GOING_MS = 20_000;
const PIPELINE = join(import.meta.dirname, '../../fixtures/crash/crash-pipeline.ts');

const VICTIMS = ['command', 'runner', 'tool', 'group', 'all'] as const;
type Victim = (typeof VICTIMS)[number];

test(`whatever is killed, the same command ends with the same bytes (SEED=${SEED})`, async () => {
  const lab = openLab();
  const undisturbed = await undisturbedRun(lab);
  const kills = Object.fromEntries(VICTIMS.map((victim) => [victim, 0])) as Record<Victim, number>;
  const total = () => Object.values(kills).reduce((sum, count) => sum + count, 0);
  let [rounds, commands] = [0, 0];
  for (; total() < KILLS; rounds += 1) commands += await disturbedRun(lab, rounds, kills, undisturbed);
  console.log(`SEED=${SEED}: ${total()} kills in ${rounds} rounds, ${commands} commands: ${JSON.stringify(kills)}`);
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

/** What comes out when nobody is killed. */
async function undisturbedRun(lab: Lab): Promise<Record<string, string>> {
  const store = join(lab.program.home, 'undisturbed');
  const end = await startCommand(lab, store).over;
  expect(end, end.stderr).toMatchObject({ code: 0 });
  const audit = auditStore(store);
  expect(audit).toMatchObject({ complaints: [], unreferenced: [], scratch: [] });
  expect(audit.succeeded.size).toBe(TASKS);
  return publishedFiles(audit);
}

/** Kills and runs again until a run ends well, then looks at everything. Answers how many commands that took. */
async function disturbedRun(
  lab: Lab,
  round: number,
  kills: Record<Victim, number>,
  undisturbed: Record<string, string>,
): Promise<number> {
  const store = join(lab.program.home, `round-${round}`);
  const before: Finished[] = [];
  let commands = 0;
  for (let code: number | null = null; code !== 0; commands += 1) {
    const command = startCommand(lab, store);
    await killSome(lab, store, command, kills);
    const end = await command.over;
    code = end.code;
    // Killed, or all is well, or samples failed: never anything else.
    expect([null, 0, 1], end.stderr).toContain(code);
    before.push(finishedSoFar(store));
  }
  const late = await untilNone(() => everyone(findCast(lab.program.dist, join(store, '.scratch'))), GOING_MS);
  expect(late, 'processes left behind').toEqual([]);
  checkStore(store, undisturbed);
  for (const finished of before) checkUntouched(store, finished);
  return commands;
}

/** Kills one to five times at random moments, or until the command is gone. */
async function killSome(lab: Lab, store: string, command: Command, kills: Record<Victim, number>): Promise<void> {
  const { random, program } = lab;
  for (let left = random.between(1, 5); left > 0; left -= 1) {
    const victim = random.pick(VICTIMS);
    await sleep(random.between(0, random.pick([20, 200, 800])));
    // A runner or a tool has to be there first.
    while (!killVictim(victim, findCast(program.dist, join(store, '.scratch')), random)) {
      if (command.isOver()) return;
      await sleep(random.between(0, 30));
    }
    kills[victim] += 1;
  }
}

/** False where there is no such victim right now. */
function killVictim(victim: Victim, cast: Cast, random: Random): boolean {
  const one = (from: { pid: number }[]) => from.length > 0 && kill(random.pick(from).pid);
  switch (victim) {
    case 'command':
      return one(cast.commands);
    case 'runner':
      return one(cast.runners);
    case 'tool':
      return one(cast.tools);
    case 'group': {
      const members = random.pick([cast.commands, cast.runners, cast.tools]);
      return members.length > 0 && kill(-random.pick(members).group);
    }
    case 'all':
      return (
        cast.runners.length > 0 &&
        everyone(cast)
          .map(({ pid }) => kill(pid))
          .includes(true)
      );
  }
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

function checkUntouched(store: string, { records, marks }: Finished): void {
  const now = finishedSoFar(store);
  for (const [key, bytes] of records) {
    expect(now.records.get(key), `${key} has changed`).toBe(bytes);
    const [, step, sample] = /\/records\/([^/]+)\/([^.]+)\./.exec(key) ?? [];
    // A gather over less than everybody is followed by others.
    if (step === 'table') continue;
    expect(now.marks.get(`${step}.${sample}`), `${key} was repeated`).toBe(marks.get(`${step}.${sample}`));
  }
}

function checkStore(store: string, undisturbed: Record<string, string>): void {
  const audit = auditStore(store);
  expect(audit).toMatchObject({ complaints: [], scratch: [] });
  const whole = [...audit.succeeded.values()].filter(({ step, bytesIn }) => step !== 'table' || bytesIn > 0);
  const tables = whole.filter(({ step }) => step === 'table');
  expect(whole.length - tables.length, 'success records').toBe(TASKS - 1);
  expect(publishedFiles(audit, ['stopwords', 'sort', 'pack', 'count'])).toEqual(
    Object.fromEntries(Object.entries(undisturbed).filter(([file]) => !file.startsWith('table/'))),
  );
  const sums = tables.flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256));
  expect(sums, 'the table over everybody').toContain(undisturbed['table/cohort/table.txt']);
}
