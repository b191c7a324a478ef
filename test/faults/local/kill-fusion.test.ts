import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../../pipelines/fusion/demo/random.ts';
import { auditStore, publishedFiles, successRecords } from '../../fixtures/crash/audit-store.ts';
import { countKills, type Kills, killSome, noKills, type Plot } from '../../fixtures/crash/kill-some.ts';
import { everyone, findCast, untilNone } from '../../fixtures/crash/processes.ts';
import { type Command, copyProgram, type Program } from '../../fixtures/crash/program.ts';
import { makeCohort, type TestCohort } from '../../fixtures/make-cohort.ts';

/** Another one every time; SEED=… KILLS=… repeats or prolongs. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['KILLS'] ?? 6);
const GOING_MS = 20_000;
/** Tools print the time and where they work; what a step took is no result either. */
const DIFFERENT_EVERY_TIME = /_picard\.stderr$|kallisto\.out$|timings\.tsv$/;

test(`whatever of the fusion pipeline is killed, it finds the same fusions (SEED=${SEED})`, async () => {
  console.log(`SEED=${SEED}`);
  const home = mkdtempSync(join(tmpdir(), 'kill-fusion-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const samples = [
    { name: 'S1', fusions: 2 },
    { name: 'S2', fusions: 1 },
    { name: 'none', fusions: 0 },
  ];
  const cohort = await makeCohort({ folder: join(home, 'cohort'), seed: 7, pairs: 1000, samples });
  const program = copyProgram(home);
  const undisturbed = await undisturbedRun(program, cohort);

  const [random, kills] = [new Random(SEED), noKills()];
  let [rounds, commands] = [0, 0];
  // A run that heals itself of all that is done to it is followed by another one, from the start.
  for (; countKills(kills) < KILLS; rounds += 1) {
    const store = join(home, `disturbed-${rounds}`);
    commands += await disturbedRun(() => startCommand(program, cohort, store), kills, {
      ...{ store, random, dist: program.dist, scratch: join(store, '.scratch'), waitsMs: [500, 4000] },
    });
    expect(results(auditStore(store))).toEqual(undisturbed);
  }
  console.log(`SEED=${SEED}: ${countKills(kills)} kills in ${rounds} rounds, ${commands} commands:`, kills);
});

/** Kills and runs again until a run ends well. Answers how many commands that took. */
async function disturbedRun(
  start: () => Command,
  kills: Kills,
  { store, ...plot }: Omit<Plot, 'most'> & { store: string },
): Promise<number> {
  let [code, commands, finished]: [number | null, number, Map<string, string>] = [null, 0, new Map()];
  for (; code !== 0; commands += 1) {
    const command = start();
    await killSome(command, kills, { ...plot, most: Math.min(KILLS - countKills(kills), 2) });
    const end = await command.over;
    code = end.code;
    expect([null, 0, 1], end.stderr).toContain(code);
    const now = successRecords(store);
    for (const [key, bytes] of finished) expect(now.get(key), `${key} has changed`).toBe(bytes);
    finished = now;
  }
  expect(await untilNone(() => everyone(findCast(plot.dist, plot.scratch)), GOING_MS), 'left behind').toEqual([]);
  expect(auditStore(store)).toMatchObject({ complaints: [], scratch: [] });
  return commands;
}

async function undisturbedRun(program: Program, cohort: TestCohort): Promise<Record<string, string>> {
  const store = join(program.home, 'undisturbed');
  const end = await startCommand(program, cohort, store).over;
  expect(end, end.stderr).toMatchObject({ code: 0 });
  const audit = auditStore(store);
  expect(audit).toMatchObject({ complaints: [], unreferenced: [], scratch: [] });
  const files = results(audit);
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining([
      'gather/cohort/fusions.tsv',
      'pizzly/S1/S1.json',
      'kallisto/S1/fusion.txt',
      'picard/S1/S1_r1.fq.gz',
    ]),
  );
  return files;
}

function startCommand(program: Program, { sampleSheet, fasta, gtf }: TestCohort, store: string): Command {
  const references = ['--reference-file', `fasta=${fasta}`, '--reference-file', `gtf=${gtf}`];
  const small = ['reference', 'picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => [
    '--set',
    `${step}.memory=1GB`,
  ]);
  return program.start(['run', 'fusion', '--samples', sampleSheet, '--store', store, ...references, ...small]);
}

/** Of several gathers, the one over all samples: the last in the order of their inputs. */
function results(audit: ReturnType<typeof auditStore>): Record<string, string> {
  const gathers = [...audit.succeeded].filter(([, { step }]) => step === 'gather');
  const largest = Math.max(...gathers.map(([, { inputs }]) => inputs.length));
  const partial = new Set(gathers.filter(([, { inputs }]) => inputs.length < largest).map(([key]) => key));
  const succeeded = new Map([...audit.succeeded].filter(([key]) => !partial.has(key)));
  const files = Object.entries(publishedFiles({ ...audit, succeeded }));
  return Object.fromEntries(files.filter(([file]) => !DIFFERENT_EVERY_TIME.test(file)));
}
