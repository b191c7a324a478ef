/**
 * The cost of a task: the no-op pipeline (three copies per sample) through the command on a tuned cluster, compared
 * with the same copies by a bare `sbatch --array` of three steps. CPU is that of the cluster including its tasks,
 * measured by a separate control group; the submitting process is excluded from both.
 * Usage, as root, with cgroup v1 and a built package: node bench/slurm-tasks.ts [SAMPLES]
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '../test/fixtures/cli.ts';
import { type SlurmCluster, startSlurmCluster } from '../test/stack/slurm/slurm-cluster.ts';
import { figure } from './measure.ts';

const ROOT = resolve(import.meta.dirname, '..');
const COPY = join(ROOT, 'bench/peers/copy.sh');
const STEPS = ['a', 'b', 'c'] as const;
const samples = Number(process.argv[2] ?? 200);
const tasks = samples * STEPS.length;

const cluster = await startSlurmCluster({ cpus: 2 });
const group = `/sys/fs/cgroup/cpuacct/bench-${process.pid}`;
try {
  mkdirSync(group);
  for (const file of readdirSync(join(cluster.home, 'pid')).filter((name) => /^slurm(ctld|d-.*)\.pid$/.test(name))) {
    writeFileSync(join(group, 'cgroup.procs'), readFileSync(join(cluster.home, 'pid', file), 'utf8').trim());
  }
  const bare = await measured(() => bareArrays(cluster));
  const ours = await measured(() => throughCommand(cluster));
  console.log(`${samples} samples x ${STEPS.length} steps, 2 at a time, per task\n`);
  console.log('| | wall ms | CPU ms |\n| --- | --- | --- |');
  for (const [name, { wallMs, cpuMs }] of Object.entries({ 'sbatch --array': bare, 'batch-pipeline': ours })) {
    console.log(`| ${name} | ${figure(wallMs / tasks)} | ${figure(cpuMs / tasks)} |`);
  }
  console.log(
    `| more | ${figure((ours.wallMs - bare.wallMs) / tasks)} | ${figure((ours.cpuMs - bare.cpuMs) / tasks)} |`,
  );
} finally {
  await cluster.stop();
  rmdirSync(group);
}

async function measured(work: () => Promise<void>): Promise<{ wallMs: number; cpuMs: number }> {
  const [cpu, start] = [cpuNanoseconds(), performance.now()];
  await work();
  return { wallMs: performance.now() - start, cpuMs: (cpuNanoseconds() - cpu) / 1e6 };
}

function cpuNanoseconds(): number {
  return Number(readFileSync(join(group, 'cpuacct.usage'), 'utf8'));
}

function makeInputs(home: string): string {
  const folder = mkdtempSync(join(home, 'bench-'));
  mkdirSync(join(folder, 'in'));
  for (let i = 0; i < samples; i++) writeFileSync(join(folder, 'in', `s${i}.txt`), `s${i}\n`);
  return folder;
}

async function bareArrays({ home, command }: SlurmCluster): Promise<void> {
  const folder = makeInputs(home);
  let before = '';
  for (const [i, step] of STEPS.entries()) {
    const from = i === 0 ? 'in/s$SLURM_ARRAY_TASK_ID.txt' : `s$SLURM_ARRAY_TASK_ID.${STEPS[i - 1]}`;
    const dependency = before === '' ? [] : [`--dependency=aftercorr:${before}`];
    const where = [`--chdir=${folder}`, `--output=${folder}/%A_%a.log`, '--mem=10'];
    const wrap = `--wrap=${COPY} ${from} s$SLURM_ARRAY_TASK_ID.${step}`;
    const args = ['--parsable', `--array=0-${samples - 1}`, ...where, ...dependency, wrap];
    before = (await command('sbatch', ...args)).trim();
  }
  while ((await command('squeue', '--noheader')) !== '') await sleep(200);
}

async function throughCommand({ home, environment }: SlurmCluster): Promise<void> {
  const folder = makeInputs(home);
  const pipeline = join(ROOT, 'bench/noop/pipeline.ts');
  const args = ['run', pipeline, '--samples', 'in/*.txt', '--store', 'store', '--engine', 'slurm', '--watch'];
  // The step's program reaches the compute node only through the step itself: without STEP it is cp.
  const end = await runCli(args, {
    cwd: folder,
    env: { ...environment, BATCH_PIPELINE_POLL_SECONDS: '1' },
  });
  if (end.code !== 0) throw new Error(`The run failed: ${end.stdout}${end.stderr}`);
}
