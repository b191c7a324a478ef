import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { compareWithTruth, type FoundFusion } from '../../../pipelines/fusion/demo/compare-with-truth.ts';
import { comparisonTable } from '../../../pipelines/fusion/demo/comparison-table.ts';
import { foundInPizzlyJson } from '../../../pipelines/fusion/demo/found-fusions.ts';
import { makeCohort, type TestCohort } from '../../fixtures/make-cohort.ts';

// Real processes on a machine that may have other work: a test that hangs ends, a slow one does not fail.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The three tools bare, with the flags that this pipeline has always used. */
const run = promisify(execFile);
const PICARD_JAR = '/usr/share/java/picard.jar';
const PICARD = existsSync(PICARD_JAR) ? ['java', '-jar', PICARD_JAR] : ['picard'];
let folder: string;
let cohort: TestCohort;
let index: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tools-'));
  cohort = await makeCohort({
    folder,
    samples: [
      { name: 'eight', fusions: 8 },
      { name: 'none', fusions: 0 },
      { name: 'cut', defects: ['cut-between-blocks'] },
      { name: 'unpaired', defects: ['unpaired-read'] },
    ],
  });
  index = join(folder, 'transcripts.idx');
  await run('kallisto', ['index', '-i', index, '-k', '31', cohort.fasta]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function picard(sample: string): Promise<[string, string]> {
  const [first, second] = [1, 2].map((mate) => join(folder, `${sample}_r${mate}.fq.gz`)) as [string, string];
  const [program, ...prefix] = PICARD as [string, ...string[]];
  const quiet = [
    'QUIET=true',
    'INCLUDE_NON_PF_READS=true',
    'VALIDATION_STRINGENCY=SILENT',
    'MAX_RECORDS_IN_RAM=250000',
  ];
  const args = ['SamToFastq', ...quiet, `I=${cohort.bams[sample]}`, `F=${first}`, `F2=${second}`];
  await run(program, [...prefix, ...args]);
  return [first, second];
}

async function callFusions(sample: string): Promise<FoundFusion[]> {
  const out = join(folder, sample);
  await mkdir(out);
  const [first, second] = await picard(sample);
  await run('kallisto', ['quant', '-i', index, '-o', out, '-b', '30', '--fusion', '--rf-stranded', first, second]);
  const reference = ['-k', '31', '--gtf', cohort.gtf, '--fasta', cohort.fasta, '--version-check', 'OFF'];
  const settings = ['--align-score', '2', '--insert-size', '400', '--output', join(out, 'called')];
  await run('pizzly', [...reference, ...settings, join(out, 'fusion.txt')]);
  return foundInPizzlyJson(await readFile(join(out, 'called.json'), 'utf8'), sample);
}

async function countReads(fastq: string): Promise<number> {
  return (
    gunzipSync(await readFile(fastq))
      .toString()
      .split('\n').length >> 2
  );
}

test('the tools find every simulated fusion to the base, and no other', async () => {
  const found = new Map<string, FoundFusion[]>();
  for (const sample of ['eight', 'none']) found.set(sample, await callFusions(sample));
  const truth = cohort.samples.filter(({ sample }) => found.has(sample));
  expect(comparisonTable(compareWithTruth(found, truth))).toMatchInlineSnapshot(`
    "sample  put in  found  exact  wrong  recall  precision
    eight        8      8      8      0   100 %      100 %
    none         0      0      –      0       –          –
    all          8      8      8      0   100 %      100 %"
  `);
});

test('Picard reports neither a BAM truncated between blocks nor an unpaired read', { timeout: 60_000 }, async () => {
  const [first, second] = await picard('cut');
  expect(await countReads(first)).toBeLessThan(1500);
  expect(await countReads(first)).toBe(await countReads(second));
  const [one, two] = await picard('unpaired');
  expect([await countReads(one), await countReads(two)]).toEqual([2001, 2000]);
});
