/**
 * The no-op pipeline (three copies per sample) compared with make, GNU parallel, Snakemake and Nextflow on this
 * machine: cold, with nothing to do, and with one failing sample of four. Prints ratios to GNU parallel.
 *
 *     bench/peers/install.sh && node bench/noop/peers.ts [SAMPLES] [PEER …]
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, measure, type Measured } from '../measure.ts';

const ROOT = join(import.meta.dirname, '../..');
const PEERS = join(ROOT, 'bench/peers');
const CACHE = join(ROOT, '.cache/peers');
const [count = '1000', ...only] = process.argv.slice(2);

const environment = {
  STEP: join(PEERS, 'copy.sh'),
  NXF_OFFLINE: 'true',
  NXF_DISABLE_CHECK_LATEST: 'true',
  NO_COLOR: '1',
};
/** The options that Nextflow's own launcher passes. */
const JAVA_OPENS = [
  'java.base/java.lang',
  'java.base/java.util',
  'java.base/java.nio',
  'java.base/java.net',
  'java.base/sun.nio.ch',
  'java.base/java.util.concurrent.locks',
];

const commands: Record<string, { argv: string[]; again?: string[] }> = {
  make: { argv: ['make', '-s', '-k', '-j2', '-f', join(PEERS, 'Makefile')] },
  parallel: {
    argv: [
      'bash',
      '-c',
      `ls in | sed s/.txt$// | parallel -j 2 --joblog joblog.tsv --resume ${join(PEERS, 'sample.sh')} {}`,
    ],
  },
  'batch-pipeline': {
    argv: [
      'node',
      join(ROOT, 'dist/batch-pipeline.js'),
      'run',
      join(ROOT, 'bench/noop/pipeline.ts'),
      '--samples',
      'in/*.txt',
      '--cpus',
      '2',
    ],
  },
  snakemake: {
    argv: [
      join(CACHE, 'snakemake/bin/snakemake'),
      '-s',
      join(PEERS, 'Snakefile'),
      '--cores',
      '2',
      '--keep-going',
      '--scheduler',
      'greedy',
    ],
  },
  nextflow: {
    argv: [
      'java',
      ...JAVA_OPENS.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
      '-cp',
      join(CACHE, 'nextflow/lib/*'),
      'nextflow.cli.Launcher',
      'run',
      join(PEERS, 'main.nf'),
      '-resume',
    ],
  },
};

interface Row {
  name: string;
  cold: Measured;
  nothing: Measured;
  failing: Measured & { finished: number };
}

const rows: Row[] = [];
for (const [name, { argv }] of Object.entries(commands)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const program = argv[0] ?? '';
  if (program.startsWith('/') && !existsSync(program)) continue;
  const folder = makeInputs(Array.from({ length: Number(count) }, (_, i) => `s${String(i + 1).padStart(5, '0')}`));
  const cold = measure(argv, { cwd: folder, environment });
  const nothing = measure(argv, { cwd: folder, environment });
  rmSync(folder, { recursive: true });
  const four = makeInputs(['one', 'two', 'fails', 'four']);
  const failing = measure(argv, { cwd: four, environment: { ...environment, STEP: join(PEERS, 'copy.sh') } });
  rows.push({ name, cold, nothing, failing: { ...failing, finished: finished(four, failing.output) } });
  rmSync(four, { recursive: true });
  console.error(`${name}: cold ${figure(cold.wallSeconds)} s, again ${figure(nothing.wallSeconds)} s`);
}

const reference = rows.find(({ name }) => name === 'parallel') ?? rows[0];
console.log(`No-op pipeline, ${count} samples x 3 steps, 2 at a time\n`);
console.log(
  '| tool | cold s | of parallel | CPU s | memory MB | nothing to do s | one of four fails: exit | finished | lines printed |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
for (const { name, cold, nothing, failing } of rows) {
  const ratio = figure(cold.wallSeconds / (reference?.cold.wallSeconds ?? 1));
  const lines = failing.output.trim().split('\n').length;
  console.log(
    `| ${name} | ${figure(cold.wallSeconds)} | ${ratio} | ${figure(cold.cpuSeconds)} | ${figure(cold.memoryMiB)} | ${figure(nothing.wallSeconds)} | ${failing.exitCode} | ${failing.finished} of 3 | ${lines} |`,
  );
}

function makeInputs(names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'noop-'));
  for (const name of ['in', 'work', 'out', 'log']) mkdirSync(join(folder, name));
  for (const name of names) writeFileSync(join(folder, 'in', `${name}.txt`), `${name}\n`);
  return folder;
}

/** Samples that finished although another failed. */
function finished(folder: string, output: string): number {
  const ours = /(\d+) succeeded/.exec(output)?.[1];
  return ours
    ? Number(ours)
    : ['one', 'two', 'four'].filter((name) => existsSync(join(folder, 'out', `${name}.c`))).length;
}
