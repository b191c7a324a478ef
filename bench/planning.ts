/**
 * Planning of N samples x 3 steps in memory, and status and plan of a local store that holds 10,000 x 3 finished tasks.
 * The reference for both is what make would have to check: one stat per input and output.
 *
 *     node bench/planning.ts [STORED]
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arrayJobs } from '../src/plan/array-jobs.ts';
import { planNeeds, type StepNeeds } from '../src/plan/needs.ts';
import { makePlan } from '../src/plan/plan.ts';
import { loadPipeline } from '../src/pipeline/load-pipeline.ts';
import { figure, measure } from './measure.ts';

const ROOT = join(import.meta.dirname, '..');
const STORED_SAMPLES = Number(process.argv[2] ?? 10_000);

const { pipeline } = await loadPipeline(join(ROOT, 'bench/noop/pipeline.ts'));

console.log('| samples x 3 steps, planned in memory | s | heap MB |\n| --- | --- | --- |');
for (const count of [1000, 10_000, 100_000]) planInMemory(count);

const folder = mkdtempSync(join(tmpdir(), 'planning-'));
try {
  timeStored(folder);
} finally {
  rmSync(folder, { recursive: true });
}

function planInMemory(count: number): void {
  const samples = Array.from({ length: count }, (_, i) => ({
    name: `s${i}`,
    files: { txt: { location: `/in/s${i}.txt`, size: 6, etag: `${i}` } },
    values: {},
  }));
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  const plan = makePlan({ pipeline, params: {}, references: {}, samples, identities: {}, held: new Map() });
  const needs = planNeeds({ pipeline, plan, samples, references: {}, overrides: {} });
  const runs = new Map(plan.map(({ step, decisions }) => [step.name, decisions]));
  const jobs = arrayJobs({
    ...{ pipeline, sampleCount: count, submission: 0, maxArraySize: 10_000 },
    resources: (step, index) => (needs.get(step.name) as StepNeeds).of(index),
    runs: (step, index) => runs.get(step.name)?.[index] === 'run',
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const heap = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
  console.log(`| ${count.toLocaleString('en')} (${jobs.length} jobs) | ${figure(seconds)} | ${figure(heap)} |`);
}

/** Actually runs all tasks of the no-op pipeline, then measures on the resulting store. */
function timeStored(work: string): void {
  const cli = (...args: string[]) => measure(['node', join(ROOT, 'dist/batch-pipeline.js'), ...args], { cwd: work });
  mkdirSync(join(work, 'in'));
  for (let i = 0; i < STORED_SAMPLES; i += 1) writeFileSync(join(work, 'in', `s${i}.txt`), `s${i}\n`);
  const request = [join(ROOT, 'bench/noop/pipeline.ts'), '--samples', 'in/*.txt', '--store', 'store'];
  const ran = cli('run', ...request);
  if (ran.exitCode !== 0) throw new Error(ran.output);
  const startedAt = performance.now();
  for (let i = 0; i < STORED_SAMPLES; i += 1) statSync(join(work, 'in', `s${i}.txt`));
  const looks = ((performance.now() - startedAt) / 1000) * 4;
  const rows = [
    ['run', ran],
    ['plan', cli('plan', ...request)],
    ['run again', cli('run', ...request)],
    ['status', cli('status', '--store', 'store')],
  ] as const;
  const title = `x of ${figure(looks)} s for one stat per input and output`;
  console.log(
    `\n| ${STORED_SAMPLES.toLocaleString('en')} x 3 in a local store | s | ${title} | memory MB |\n| --- | --- | --- | --- |`,
  );
  for (const [name, { wallSeconds, memoryMiB }] of rows) {
    console.log(`| ${name} | ${figure(wallSeconds)} | ${figure(wallSeconds / looks)} | ${figure(memoryMiB)} |`);
  }
}
