import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kallisto } from '../../../pipelines/fusion/kallisto.ts';
import { kallisto as kallistoTool } from '../../../pipelines/fusion/tools.ts';
import { probeTool } from '../../../src/runner/tools.ts';
import { outputOf, runStep, runToEnd, type StepRequest } from './run-step.ts';
import { makeSpiked, naive, type Spiked, temporaryFolder } from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
let spiked: Spiked;
beforeAll(async () => {
  spiked = await makeSpiked(folder);
});
afterAll(remove);

const text = (path: string): string => readFileSync(path).toString();
const unzipped = (path: string): string => gunzipSync(readFileSync(path)).toString();

function quant(name: string, given: Partial<StepRequest> & { r1?: string; r2?: string } = {}): StepRequest {
  const { r1 = spiked.r1, r2 = spiked.r2, params, ...rest } = given;
  const inputs = { index: outputOf(spiked.reference, 'index'), r1, r2, strandedness: undefined, ...rest.inputs };
  return { cpus: 1, ...rest, folder: join(folder, name), inputs, params: { bootstraps: 0, ...params } };
}

async function naiveQuant(name: string, flags: readonly string[], reads: readonly string[] = [spiked.r1, spiked.r2]) {
  const to = join(folder, `${name}.naive`);
  const index = outputOf(spiked.reference, 'index');
  const { exitCode } = await naive(['kallisto', 'quant', '-i', index, '-o', to, '--fusion', ...flags, ...reads]);
  return { exitCode, files: readdirSync(to), folder: to };
}

describe('trap 2: bootstraps that are silently not written', () => {
  test('the original flags, and two threads with plain text, give none', async () => {
    const original = await naiveQuant('bootstraps', ['-b', '3', '--rf-stranded']);
    const threads = await naiveQuant('bootstraps-t2', ['-b', '3', '--rf-stranded', '--plaintext', '-t', '2']);
    for (const { exitCode, files } of [original, threads]) {
      expect([exitCode, files.filter((file) => /^bs_|h5$/.test(file))]).toEqual([0, []]);
    }
  });

  test('on two CPUs all requested bootstraps are written', async () => {
    const end = await runToEnd(kallisto, quant('bootstraps', { cpus: 2, params: { bootstraps: 3 } }));
    const [header, first] = unzipped(outputOf(end, 'bootstraps')).split('\n');
    expect(header).toBe('target_id\tbootstrap_0\tbootstrap_1\tbootstrap_2');
    const bare = await naiveQuant('bootstraps-t1', ['-b', '3', '--plaintext', '--rf-stranded']);
    const lines = [0, 1, 2].map(
      (n) =>
        text(join(bare.folder, `bs_abundance_${n}.tsv`))
          .split('\n')[1]
          ?.split('\t') ?? [],
    );
    expect(first?.split('\t')).toEqual([lines[0]?.[0], ...lines.map((line) => line[3])]);
  });

  test('none are written if none are requested', async () => {
    const end = await runToEnd(kallisto, quant('no-bootstraps'));
    expect(Object.keys(end.outputs)).toEqual(['fusion', 'abundance', 'runInfo', 'fragments', 'log']);
  });
});

describe('trap 3: versions that cannot search for fusions', () => {
  const isTaken = (version: string) => kallistoTool.requires?.pattern.test(`kallisto, version ${version}`);

  test.each(['0.42.5', '0.43.0', '0.50.0', '0.50.1', '0.51.0', '0.51.1'])('%s is refused', (version) => {
    expect(isTaken(version)).toBe(false);
  });

  test.each(['0.43.1', '0.46.1', '0.48.0', '0.52.0', '0.60.0', '1.0.0'])('%s is taken', (version) => {
    expect(isTaken(version)).toBe(true);
  });

  test('the one installed here is taken', async () => {
    expect((await probeTool(kallistoTool, process.env['PATH'] ?? '')).lacks).toBeUndefined();
  });
});

describe('trap 4: reads that kallisto does not see', () => {
  const shorter = (path: string, name: string, change: (fastq: string[]) => string[]): string => {
    const target = join(folder, name);
    writeFileSync(target, gzipSync(change(unzipped(path).split('\n')).join('\n')));
    return target;
  };

  test('a truncated FASTQ file: kallisto reports success', async () => {
    const r2 = join(folder, 'cut_2.fastq.gz');
    writeFileSync(r2, readFileSync(spiked.r2).subarray(0, 40_000));
    const bare = await naiveQuant('cut', ['--plaintext'], [spiked.r1, r2]);
    const { n_processed } = JSON.parse(text(join(bare.folder, 'run_info.json'))) as { n_processed: number };
    expect([bare.exitCode, n_processed < 2000]).toEqual([0, true]);

    const { failure } = await runStep(kallisto, quant('cut', { r2 }));
    expect([failure?.reason, failure?.message]).toEqual([
      'input',
      'S1: cut_2.fastq.gz ends in the middle: it is a truncated gzip file',
    ]);
  });

  test('a read without qualities: kallisto stops there and reports success', async () => {
    const r1 = shorter(spiked.r1, 'star_1.fastq.gz', (lines) => lines.with(4 * 500 + 3, '*'));
    const bare = await naiveQuant('star', ['--plaintext'], [r1, spiked.r2]);
    const { n_processed } = JSON.parse(text(join(bare.folder, 'run_info.json'))) as { n_processed: number };
    expect([bare.exitCode, n_processed]).toEqual([0, 500]);

    const { failure } = await runStep(kallisto, quant('star', { r1 }));
    expect([failure?.reason, failure?.message]).toEqual([
      'input',
      'S1: star_1.fastq.gz has no base qualities in record 501 ("*")',
    ]);
  });

  test('one read fewer in one file: kallisto reports success', async () => {
    const r1 = shorter(spiked.r1, 'less_1.fastq.gz', (lines) => lines.toSpliced(4 * 3, 4));
    expect((await naiveQuant('less', ['--plaintext'], [r1, spiked.r2])).exitCode).toBe(0);
    const { failure } = await runStep(kallisto, quant('less', { r1 }));
    expect(failure?.reason).toBe('input');
    expect(failure?.message).toMatch(
      /^S1: S1_2\.fastq\.gz has read "\S+" as number 4, but the first file has "\S+" there$/,
    );
  });

  test('no read aligns: kallisto exits 1 for this as for anything else', async () => {
    const foreign = (path: string, name: string): string =>
      shorter(path, name, (lines) =>
        lines.map((line, i) => (i % 4 === 1 ? 'ACACACGTGT'.repeat(8).slice(0, 75) : line)),
      );
    const r1 = foreign(spiked.r1, 'foreign_1.fastq.gz');
    const r2 = foreign(spiked.r2, 'foreign_2.fastq.gz');
    expect((await naiveQuant('foreign', ['--plaintext'], [r1, r2])).exitCode).toBe(1);
    const { failure } = await runStep(kallisto, quant('foreign', { r1, r2 }));
    expect([failure?.reason, failure?.message]).toEqual([
      'input',
      'S1: no read fits the reference (kallisto pseudoaligned none)',
    ]);
  });

  test('a sound pair passes all checks', async () => {
    const { observed } = await runToEnd(kallisto, quant('sound', { params: { bootstraps: 2 } }));
    expect(observed.checks.map(({ name, actual }) => `${name}: ${actual}`)).toMatchInlineSnapshot(`
      [
        "read pairs that kallisto read: 2000",
        "index format: 10",
        "bootstraps: 2",
      ]
    `);
    expect(observed.metrics).toMatchInlineSnapshot(`
      {
        "fragment_length_mean": 219.377,
        "fragment_length_p95": 583,
        "fusion_records": 45,
        "kallisto_pairs": 2000,
        "pseudoaligned_pairs": 1955,
        "pseudoaligned_percent": 97.8,
        "unique_percent": 57.4,
      }
    `);
  });
});

describe('the index', () => {
  test('an index with another k is refused', async () => {
    const { failure } = await runStep(kallisto, quant('other-k', { params: { k: 25 } }));
    expect([failure?.reason, failure?.message]).toEqual([
      'input',
      'S1: transcripts.idx was built with k = 31, but this run uses k = 25',
    ]);
  });

  test('another file in its place is refused', async () => {
    const { failure } = await runStep(kallisto, quant('no-index', { inputs: { index: spiked.fasta } }));
    expect([failure?.reason, failure?.message]).toEqual(['input', 'S1: transcripts.fa is no kallisto index']);
  });
});

describe('strandedness', () => {
  test.each([
    ['reverse', '--rf-stranded'],
    ['forward', '--fr-stranded'],
    ['unstranded', undefined],
    ['auto', '--rf-stranded'],
  ])('%s in the sample sheet means %s', async (strandedness, flag) => {
    const { observed } = await runStep(kallisto, quant(`strand-${strandedness}`, { inputs: { strandedness } }));
    const argv = observed.tools.find((call) => call.argv.includes('quant'))?.argv ?? [];
    expect(argv.find((word) => word.endsWith('-stranded'))).toBe(flag);
  });
});
