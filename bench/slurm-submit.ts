/**
 * Time to submit three steps for SAMPLES samples: whole arrays on a tuned cluster, chains of small arrays on one with
 * stock settings, and on both sbatch alone with the same number of arrays.
 * Usage, as root: node bench/slurm-submit.ts [SAMPLES]
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { EngineJob } from '../src/engine/engine.ts';
import { createSlurmEngine } from '../src/engine/slurm/slurm-engine.ts';
import { type SlurmCluster, startSlurmCluster } from '../test/stack/slurm/slurm-cluster.ts';
import { figure } from './measure.ts';

const STEPS = ['picard', 'kallisto', 'pizzly'];
const samples = Number(process.argv[2] ?? 1000);

console.log(`Submitting ${STEPS.length} steps for ${samples} samples\n`);
console.log('| cluster | arrays | tasks each | engine s | sbatch alone s |');
console.log('| --- | --- | --- | --- | --- |');
for (const profile of ['tuned', 'stock'] as const) {
  const cluster = await startSlurmCluster({ profile, cpus: 2, settings: ['MaxJobCount=100000'] });
  try {
    // Nothing starts meanwhile: only submission is measured.
    await cluster.command('scontrol', 'update', 'partitionname=main', 'state=down');
    const engine = createSlurmEngine({
      runnerCommand: ['true'],
      logFolder: join(cluster.home, 'logs'),
      environment: cluster.environment,
    });
    const { maxArraySize } = await engine.limits();
    const sizes = chunks(samples, maxArraySize);
    const ours = await seconds(() => submitAll(engine, sizes));
    const bare = await seconds(async () => sbatchAlone(cluster, sizes));
    const each = Math.min(samples, maxArraySize);
    console.log(`| ${profile} | ${sizes.length * STEPS.length} | ${each} | ${figure(ours)} | ${figure(bare)} |`);
  } finally {
    await cluster.stop();
  }
}

function chunks(total: number, size: number): number[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size));
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function submitAll(engine: ReturnType<typeof createSlurmEngine>, sizes: readonly number[]): Promise<void> {
  for (const [chunk, size] of sizes.entries()) {
    let before: string | undefined;
    for (const [i, step] of STEPS.entries()) {
      const job = benchJob(step, chunk, size, STEPS.length - i);
      before = await engine.submit(job, before === undefined ? [] : [{ jobId: before, type: 'N_TO_N' }]);
    }
  }
}

function benchJob(step: string, chunk: number, size: number, rank: number): EngineJob {
  return {
    name: `bench-${step}-${chunk}`,
    step,
    size,
    rank,
    resources: { cpus: 1, memoryMiB: 100, scratchMiB: 100, timeLimitSeconds: 3600 },
    image: undefined,
    attempts: 3,
    environment: { BATCH_PIPELINE_STORE: 'file:///store', BATCH_PIPELINE_RUN: 'bench', BATCH_PIPELINE_JOB: step },
  };
}

function sbatchAlone({ environment }: SlurmCluster, sizes: readonly number[]): void {
  for (const size of sizes) {
    let before: string | undefined;
    for (const _ of STEPS) {
      const dependency = before === undefined ? [] : [`--dependency=aftercorr:${before}`];
      const args = ['--parsable', `--array=0-${size - 1}`, '--output=/dev/null', ...dependency, '--wrap=true'];
      before = execFileSync('sbatch', args, { env: environment, encoding: 'utf8' }).trim();
    }
  }
}
