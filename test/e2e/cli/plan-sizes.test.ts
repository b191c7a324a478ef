import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exits, runCli } from '../../fixtures/cli.ts';
import { closing, told } from '../../fixtures/told.ts';
import { addFiles, filesIn, PIPELINES, workFolder } from '../../fixtures/work-folder.ts';

const SIZED = join(PIPELINES, 'sized.ts');
const GB = 1024 ** 3;

/** Files of these sizes in `in/`, without a byte on the disk. */
function sparseFiles(folder: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    addFiles(folder, { [`in/${name}.bam`]: '' });
    truncateSync(join(folder, `in/${name}.bam`), size);
  }
}

interface Job {
  step: string;
  samples: [number, number][];
  resources: { memoryMiB: number };
}

/** Memory by step and samples of all jobs of the run. */
function given(folder: string, submission: number): string[] {
  return filesIn(folder, `batch-pipeline-store/v1/runs/sized-1/jobs/${submission}-*`)
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Job)
    .map(({ step, samples, resources }) => `${step} ${JSON.stringify(samples)} ${resources.memoryMiB} MB`);
}

test('a sheet with a small and a large BAM shows two sizes', async () => {
  const folder = workFolder();
  sparseFiles(folder, { S1: GB, S2: 20 * GB, S3: GB - 1 });
  expect(told(await runCli(['plan', SIZED, '-s', 'in/*.bam'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 0
    step     run  up to date  not needed
    convert  3    0           0
    use      3    0           0
    all      1    0           0

    Why
      convert  never run  S1, S2, S3
      use      never run  S1, S2, S3
      all      never run  cohort

    Resources by size of the inputs
      convert  1 cpu, 130 MB, 31 min, 31 MB of scratch  2 tasks
      convert  1 cpu, 135 MB, 36 min, 36 MB of scratch  1 task
      all      1 cpu, 104 MB, 10 min, 10 MB of scratch  1 task

    Jobs
      0-convert-0-0  array of 2  1 cpu, 130 MB, 31 min
      0-use-0-0      array of 2  1 cpu, 100 MB, 10 min  after 0-convert-0-0 (N_TO_N)
      0-convert-1-0  single job  1 cpu, 135 MB, 36 min
      0-use-1-0      single job  1 cpu, 100 MB, 10 min  after 0-convert-1-0 (SUCCESS)
      0-all          single job  1 cpu, 104 MB, 10 min  after 0-use-0-0 (ANY), 0-use-1-0 (ANY)"
  `);
});

test('--json has them, too', async () => {
  const folder = workFolder();
  sparseFiles(folder, { S1: GB, S2: 20 * GB });
  const plan = await exits(0, ['plan', SIZED, '-s', 'in/*.bam', '--json'], { cwd: folder });
  const { needs } = JSON.parse(plan.stdout) as { needs: unknown };
  expect(needs).toEqual([
    {
      step: 'convert',
      resources: { cpus: 1, memoryMiB: 130, scratchMiB: 31, timeLimitSeconds: 31 * 60 },
      tasks: 1,
    },
    {
      step: 'convert',
      resources: { cpus: 1, memoryMiB: 135, scratchMiB: 36, timeLimitSeconds: 36 * 60 },
      tasks: 1,
    },
    { step: 'use', resources: { cpus: 1, memoryMiB: 100, scratchMiB: 10, timeLimitSeconds: 600 }, tasks: 2 },
    { step: 'all', resources: { cpus: 1, memoryMiB: 102, scratchMiB: 10, timeLimitSeconds: 600 }, tasks: 1 },
  ]);
});

test('a run gives each sample its own resources, --set takes precedence, and retry doubles a sample’s own', async () => {
  const folder = workFolder({ 'in/S1.bam': 'ok\n', 'in/S2.bam': `heap 180\n`, 'in/S3.bam': 'ok\n' });
  truncateSync(join(folder, 'in/S2.bam'), 1024);
  const run = ['run', SIZED, '-s', 'in/*.bam', '--set', 'all.memory=50MB'];
  expect(closing(await runCli(run, { cwd: folder }), folder)).toContain('failed S2 in step convert: out-of-memory');
  expect(given(folder, 0)).toMatchInlineSnapshot(`
    [
      "all [] 50 MB",
      "convert [[0,1],[2,1]] 102 MB",
      "convert [[1,1]] 110 MB",
      "use [[0,1],[2,1]] 100 MB",
      "use [[1,1]] 100 MB",
    ]
  `);
  await exits(0, ['retry'], { cwd: folder });
  expect(given(folder, 1)).toMatchInlineSnapshot(`
    [
      "all [] 50 MB",
      "convert [[1,1]] 220 MB",
      "use [[1,1]] 100 MB",
    ]
  `);
  await exits(0, ['results', '--to', 'out'], { cwd: folder });
  expect(readFileSync(join(folder, 'out/cohort/all/list.txt'), 'utf8')).toBe('S1 102\nS2 220\nS3 102\n');
});

test('a function without a valid result is reported with step and sample before anything starts', async () => {
  const folder = workFolder({ 'in/S1.bam': '1\n', 'in/S2.bam': '12345\n' });
  const pipeline = readFileSync(SIZED, 'utf8').replace(
    '{ cpus: 1, memory',
    '{ cpus: power > 2 ? power / 2 : 1, memory',
  );
  addFiles(folder, { 'mine.ts': pipeline });
  expect(told(await runCli(['run', './mine.ts', '-s', 'in/*.bam'], { cwd: folder }), folder)).toMatchInlineSnapshot(`
    "exit 2
    error: <folder>/mine.ts:9:23: The pipeline file cannot be loaded: power is not defined
      -> Fix the file, then run the same command again."
  `);
  expect(filesIn(folder)).toEqual(['in/S1.bam', 'in/S2.bam', 'mine.ts']);
});

test('the fusion pipeline sizes its steps by the BAM', async () => {
  const folder = workFolder();
  sparseFiles(folder, { S1: GB, S2: 20 * GB });
  addFiles(folder, { 'cdna.fa.gz': '', 'genes.gtf.gz': '' });
  truncateSync(join(folder, 'cdna.fa.gz'), 90e6);
  const files = ['--reference-file', 'fasta=cdna.fa.gz', '--reference-file', 'gtf=genes.gtf.gz'];
  const { stdout } = await runCli(['plan', 'fusion', '-s', 'in/*.bam', ...files], { cwd: folder });
  const memory = [...stdout.matchAll(/^ {2}(picard|kallisto) +1 cpu, (\d+ GB), .* 1 task$/gm)];
  expect(memory.map(([, step, size]) => `${step} ${size}`)).toEqual([
    'picard 4 GB',
    'picard 16 GB',
    'kallisto 10 GB',
    'kallisto 10 GB',
  ]);
});
