import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { compareFolders, comparisonText } from '../../fixtures/compare-folders.ts';
import { makeCohort } from '../../fixtures/make-cohort.ts';
import { type CliResult, runCli } from '../../fixtures/cli.ts';
import { type ClusterOptions, type SlurmCluster, startSlurmCluster } from '../../stack/slurm/slurm-cluster.ts';

const NEEDS = join(import.meta.dirname, '../../fixtures/pipelines/needs.ts');
/** Steps of the fusion pipeline, so small that several run at a time. */
const SMALL = ['reference', 'picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => [
  '--set',
  `${step}.memory=900MB`,
]);
/** Times vary by nature; logs name scratch folders. */
const VARIES = /timings\.tsv$|_picard\.stderr$|kallisto\.out$|_pizzly\.out$/;

let cluster: SlurmCluster | undefined;
const folders: string[] = [];

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'slurm-e2e-'));
  folders.push(folder);
  return folder;
}

/** Starts a cluster and returns how to call the command on it. */
async function on(options: ClusterOptions): Promise<(...args: string[]) => Promise<CliResult>> {
  cluster = await startSlurmCluster(options);
  const environment = { ...cluster.environment, BATCH_PIPELINE_POLL_SECONDS: '1' };
  return (...args) => runCli(args, { cwd: tmpdir(), env: environment });
}

/** One text per sample for the `needs` pipeline. */
function texts(folder: string, wishes: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, 'in'));
  for (const [sample, wish] of Object.entries(wishes)) writeFileSync(join(folder, 'in', `${sample}.txt`), `${wish}\n`);
  return join(folder, 'in', '*.txt');
}

interface Status {
  state: string;
  samples: { sample: string; tasks: Record<string, { state: string; cause?: string }> }[];
  cohort: { tasks: Record<string, { state: string }> };
}

/** Sample to the states of its tasks: `ab: succeeded …`. */
function states(status: CliResult): Record<string, string> {
  const { samples } = JSON.parse(status.stdout) as Status;
  return Object.fromEntries(
    samples.map(({ sample, tasks }) => [
      sample,
      Object.values(tasks)
        .map(({ state, cause }) => cause ?? state)
        .join(' '),
    ]),
  );
}

describe('batch-pipeline --engine slurm', () => {
  test('gives the same bytes as the local engine, from a cohort with a broken sample', async () => {
    const command = await on({ profile: 'tuned', cpus: 2 });
    const folder = newFolder();
    const cohort = await makeCohort({
      folder: join(folder, 'cohort'),
      seed: 5,
      samples: [
        { name: 'two', fusions: 2 },
        { name: 'none', fusions: 0 },
        { name: 'one', fusions: 1 },
        { name: 'bad', defects: ['truncated'] },
      ],
    });
    const what = [
      'run',
      'fusion',
      '--samples',
      cohort.sampleSheet,
      '--reference-file',
      `fasta=${cohort.fasta}`,
      '--reference-file',
      `gtf=${cohort.gtf}`,
      ...SMALL,
    ];
    const results = async (engine: string, ...flags: string[]) => {
      const store = join(folder, engine);
      const ran = await command(...what, '--store', store, '--engine', engine, ...flags);
      expect(ran.code, ran.stderr).toBe(1);
      const steps = ['picard', 'kallisto', 'pizzly', 'gather'].flatMap((step) => ['--step', step]);
      const exported = await command('results', '--store', store, ...steps, '--to', join(folder, `${engine}-results`));
      expect(exported.code, exported.stderr).toBe(0);
      return join(folder, `${engine}-results`);
    };
    const comparison = compareFolders(await results('local'), await results('slurm', '--watch'), VARIES);
    console.log(comparisonText('Slurm beside local', comparison));
    expect(comparison.different).toEqual([]);
    expect(comparison.alone).toEqual([]);
    expect(comparison.same.length).toBeGreaterThan(30);
    expect(readFileSync(join(folder, 'slurm-results/cohort/gather/missing.tsv'), 'utf8')).toContain(
      'bad\tpicard\tinput',
    );
  });

  test('on stock settings, no healthy sample is stalled or cancelled because another failed', async () => {
    const command = await on({ profile: 'stock', cpus: 8, settings: ['MinJobAge=2'] });
    const folder = newFolder();
    const names = Array.from({ length: 33 }, (_, i) => `s${String(i).padStart(2, '0')}`);
    const samples = texts(folder, Object.fromEntries(names.map((name) => [name, name === 's04' ? 'fail' : 'fine'])));
    const store = ['--store', join(folder, 'store')];
    const doctor = await command('doctor', NEEDS, ...store, '--engine', 'slurm');
    expect(doctor.code, doctor.stderr).toBe(0);
    expect(doctor.stdout).toContain('correspond_after_task_cnt');
    expect(doctor.stdout).toContain('needs of step a');
    const plan = await command('plan', NEEDS, '--samples', samples, ...store, '--engine', 'slurm');
    expect(plan.stdout).toContain('array of 10');
    expect(plan.stdout).toContain('correspond_after_task_cnt');
    const submitted = await command('run', NEEDS, '--samples', samples, ...store, '--engine', 'slurm');
    expect(submitted.code, submitted.stderr).toBe(0);
    expect(submitted.stderr).toContain('no local process has to keep running');
    let status = await command('status', ...store, '--json');
    while ((JSON.parse(status.stdout) as Status).state === 'running')
      status = await command('status', ...store, '--json');
    const expected = Object.fromEntries(
      names.map((name) => [
        name,
        name === 's04' ? 'tool upstream-failed upstream-failed' : 'succeeded succeeded succeeded',
      ]),
    );
    expect(states(status)).toEqual(expected);
    expect((JSON.parse(status.stdout) as Status).cohort.tasks).toEqual({ all: { state: 'succeeded' } });
    expect(status.code).toBe(1);
  });

  test('recognises a real out-of-memory kill, and retry gives that sample twice as much', async () => {
    const command = await on({ profile: 'tuned', cgroup: true, accounting: true, cpus: 4 });
    const folder = newFolder();
    const samples = texts(folder, { big: 'memory 250', small: 'fine', tiny: 'fine' });
    const store = ['--store', join(folder, 'store')];
    const ran = await command(
      'run',
      NEEDS,
      '--samples',
      samples,
      ...store,
      '--engine',
      'slurm',
      '--watch',
      '--set',
      'b.memory=200MB',
      '--set',
      'a.memory=200MB',
      '--set',
      'c.memory=200MB',
      '--set',
      'all.memory=200MB',
    );
    expect(ran.code, ran.stderr).toBe(1);
    expect(states(await command('status', ...store, '--json'))).toEqual({
      big: 'succeeded out-of-memory upstream-failed',
      small: 'succeeded succeeded succeeded',
      tiny: 'succeeded succeeded succeeded',
    });
    const retried = await command('retry', ...store, '--watch');
    expect(retried.stderr).toContain('retrying 3 tasks in 3 jobs');
    expect(retried.code, retried.stderr).toBe(0);
    expect(states(await command('status', ...store, '--json'))['big']).toBe('succeeded succeeded succeeded');
  });

  test('cancel ends everything, and the same command carries on', async () => {
    const command = await on({ profile: 'tuned', cpus: 1 });
    const folder = newFolder();
    const samples = texts(folder, Object.fromEntries(['p', 'q', 'r', 's', 't', 'u'].map((name) => [name, 'fine'])));
    const store = ['--store', join(folder, 'store')];
    const run = ['run', NEEDS, '--samples', samples, ...store, '--engine', 'slurm'];
    expect((await command(...run)).code).toBe(0);
    const cancelled = await command('cancel', ...store);
    expect(cancelled.stderr).toContain('is cancelled');
    expect((await cluster?.command('squeue', '-h'))?.trim()).toBe('');
    const again = await command(...run, '--watch');
    expect(again.code, again.stderr).toBe(0);
    expect(Object.values(states(await command('status', ...store, '--json')))).toEqual(
      Array(6).fill('succeeded succeeded succeeded'),
    );
  });
});
