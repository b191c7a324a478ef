/**
 * One sample through the fusion pipeline, compared with the bare tools with the same flags in a shell script: the cost
 * of records, checks and checksums. The reference is built beforehand for both.
 *
 *     node bench/fusion-overhead.ts [PAIRS] [RUNS]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSimulatedCohort } from '../pipelines/fusion/demo/simulated-cohort.ts';
import { probeTool } from '../src/runner/tools.ts';
import { picard } from '../pipelines/fusion/tools.ts';
import { figure, measure, median, type Measured } from './measure.ts';

const ROOT = join(import.meta.dirname, '..');
const pairs = Number(process.argv[2] ?? 200_000);
const runs = Number(process.argv[3] ?? 3);

/** The same flags as the pipeline's defaults, step by step, without checks. */
const SCRIPT = `set -e
$PICARD SamToFastq QUIET=true INCLUDE_NON_PF_READS=true VALIDATION_STRINGENCY=SILENT MAX_RECORDS_IN_RAM=250000 COMPRESSION_LEVEL=1 \\
  I=$BAM F=r1.fq.gz F2=r2.fq.gz FU=unpaired.fq.gz
kallisto quant -i index -o kallisto --plaintext --fusion -b 30 --seed=42 -t 1 --rf-stranded r1.fq.gz r2.fq.gz
pizzly --version-check OFF -k 31 --align-score 2 --insert-size 400 --gtf $GTF --fasta $FASTA --output out kallisto/fusion.txt
`;

const folder = mkdtempSync(join(tmpdir(), 'overhead-'));
try {
  const cohort = await makeSimulatedCohort({
    folder: join(folder, 'cohort'),
    seed: 3,
    pairs,
    samples: [{ name: 'one', fusions: 3 }],
  });
  const found = await probeTool(picard, process.env['PATH'] ?? '');
  const environment = {
    ...{ BAM: join(folder, 'cohort/bam/one.bam'), GTF: cohort.gtf, FASTA: cohort.fasta },
    ...{ PICARD: found.command?.join(' ') ?? 'picard', HOME: folder, _JAVA_OPTIONS: '-XX:+UseSerialGC' },
  };
  writeFileSync(join(folder, 'bare.sh'), SCRIPT);
  const index = measure(['kallisto', 'index', '-k', '31', '-i', 'index', cohort.fasta], { cwd: folder });
  if (index.exitCode !== 0) throw new Error(index.output);
  const store = ['--store', join(folder, 'store')];
  const request = [
    'fusion',
    ...store,
    '--samples',
    cohort.sampleSheet,
    '--reference-file',
    `fasta=${cohort.fasta}`,
    '--reference-file',
    `gtf=${cohort.gtf}`,
  ];
  const cli = (...args: string[]): Measured => measured(['node', join(ROOT, 'dist/batch-pipeline.js'), ...args], {});
  const references = ['--reference-file', `fasta=${cohort.fasta}`, '--reference-file', `gtf=${cohort.gtf}`];
  cli('reference', 'build', 'bench', ...store, ...references);
  cli('run', ...request, '-p', 'seed=1');
  const ours: Measured[] = [];
  const bare: Measured[] = [];
  for (let run = 0; run < runs; run += 1) {
    bare.push(measured(['sh', join(folder, 'bare.sh')], environment));
    // Changing a param that Picard reads reruns the sample's three steps, but not the reference.
    ours.push(cli('run', ...request, '-p', `maxRecordsInRam=${250_001 + run}`));
  }
  const [our, plain] = [median(ours), median(bare)];
  console.log(`One sample of ${pairs.toLocaleString('en')} pairs, median of ${runs}\n`);
  console.log('| | wall s | CPU s |\n| --- | --- | --- |');
  console.log(`| bare tools | ${figure(plain.wallSeconds)} | ${figure(plain.cpuSeconds)} |`);
  console.log(`| batch-pipeline | ${figure(our.wallSeconds)} | ${figure(our.cpuSeconds)} |`);
  console.log(
    `| ratio | ${figure(our.wallSeconds / plain.wallSeconds)} | ${figure(our.cpuSeconds / plain.cpuSeconds)} |`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measured(argv: readonly string[], environment: Readonly<Record<string, string>>): Measured {
  const result = measure(argv, { cwd: folder, environment });
  if (result.exitCode !== 0) throw new Error(`${argv.join(' ')}\n${result.output}`);
  return result;
}
