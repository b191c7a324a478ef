import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DEFECTS } from '../../../pipelines/fusion/demo/defects.ts';
import { parseTruth } from '../../../pipelines/fusion/demo/truth.ts';
import { makeCohort, type TestCohort } from '../../fixtures/make-cohort.ts';

// Real processes on a machine that may have other work: a test that hangs ends, a slow one does not fail.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
let folder: string;
let cohort: TestCohort;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cohort-'));
  const samples = [
    { name: 'good', fusions: 3 },
    { name: 'none', fusions: 0 },
    ...DEFECTS.map((defect) => ({ name: defect, defects: [defect] })),
  ];
  cohort = await makeCohort({ folder: join(folder, 'a'), samples, pairs: 1000, genes: 30, fastq: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Reads that pass `samtools view`'s filter; -1 where it fails. */
async function count(sample: string, ...filter: string[]): Promise<number> {
  try {
    return Number((await run('samtools', ['view', '-c', ...filter, cohort.bams[sample]!])).stdout);
  } catch {
    return -1;
  }
}

test('the same seed gives the same bytes, whatever the other samples are', async () => {
  const options = { samples: [{ name: 'good', fusions: 3 }], pairs: 1000, genes: 30 };
  const again = await makeCohort({ folder: join(folder, 'b'), ...options });
  const other = await makeCohort({ folder: join(folder, 'c'), ...options, seed: 2 });
  expect(await sha256(again.bams['good']!)).toBe(await sha256(cohort.bams['good']!));
  expect(await sha256(again.fasta)).toBe(await sha256(cohort.fasta));
  expect(await sha256(again.gtf)).toBe(await sha256(cohort.gtf));
  expect(await sha256(other.bams['good']!)).not.toBe(await sha256(cohort.bams['good']!));
});

test('a good BAM is sorted, tagged with its read group, and whole', async () => {
  const { stdout } = await run('samtools', ['view', '-h', cohort.bams['good']!]);
  expect(stdout).toContain('@HD\tVN:1.6\tSO:coordinate');
  expect(stdout).toContain('@RG\tID:good\tSM:good\tLB:good\tPL:ILLUMINA');
  expect(stdout).not.toMatch(/^@PG.*samtools sort/m);
  await run('samtools', ['quickcheck', cohort.bams['good']!]);
  expect([await count('good'), await count('good', '-f', '65'), await count('good', '-r', 'good')]).toEqual([
    2000, 1000, 2000,
  ]);
});

test('every defect is as described', async () => {
  const facts = DEFECTS.filter((defect) => defect !== 'cut-between-blocks').map(async (defect) => [
    defect,
    { reads: await count(defect), unpaired: await count(defect, '-F', '1'), second: await count(defect, '-f', '128') },
  ]);
  expect(Object.fromEntries(await Promise.all(facts))).toMatchInlineSnapshot(`
    {
      "empty": {
        "reads": -1,
        "second": -1,
        "unpaired": -1,
      },
      "header-only": {
        "reads": 0,
        "second": 0,
        "unpaired": 0,
      },
      "mate-suffixes": {
        "reads": 2000,
        "second": 1000,
        "unpaired": 0,
      },
      "orphan-mate": {
        "reads": 1999,
        "second": 999,
        "unpaired": 0,
      },
      "single-end": {
        "reads": 1000,
        "second": 0,
        "unpaired": 1000,
      },
      "truncated": {
        "reads": -1,
        "second": -1,
        "unpaired": -1,
      },
      "unpaired-read": {
        "reads": 2001,
        "second": 1000,
        "unpaired": 1,
      },
    }
  `);
  expect((await readFile(cohort.bams['empty']!)).length).toBe(0);
  const { stdout } = await run('samtools', ['view', cohort.bams['mate-suffixes']!]);
  expect(stdout.split('\n').every((line) => line === '' || /^\S+\/[12]\t/.test(line))).toBe(true);
});

test('a BAM cut between blocks can be read without an error, up to about half', async () => {
  const reads = await count('cut-between-blocks');
  expect(reads).toBeGreaterThan(500);
  expect(reads).toBeLessThan(1500);
  await expect(run('samtools', ['quickcheck', cohort.bams['cut-between-blocks']!])).rejects.toMatchObject({ code: 16 });
});

test('the first read of a BAM with an unpaired read is the unpaired one', async () => {
  const { stdout } = await run('samtools', ['view', cohort.bams['unpaired-read']!]);
  expect(stdout.split('\t').slice(0, 4)).toEqual(['unpaired-read.1.unpaired', stdout.split('\t')[1], 'SIM1', '1']);
});

test('the FASTQ pair has the reads of the BAM, mates on the same line', async () => {
  const [first, second] = cohort.samples.find(({ sample }) => sample === 'good')!.fastq!;
  const lines = async (path: string): Promise<string[]> =>
    gunzipSync(await readFile(path))
      .toString()
      .split('\n');
  const [one, two] = [await lines(first), await lines(second)];
  const names = (text: string[]): string[] => text.filter((_, i) => i % 4 === 0);
  expect(names(one)).toEqual(names(two));
  const bam = cohort.bams['good']!;
  const { stdout } = await run('samtools', ['fastq', '-N', bam], { maxBuffer: 1e9 });
  const records = (text: string[]): string[] => text.join('\n').match(/@\S+\n\S+\n\+\n\S+/g) ?? [];
  const expected = [
    ...records(one).map((record) => record.replace('\n', '/1\n')),
    ...records(two).map((record) => record.replace('\n', '/2\n')),
  ];
  expect(records(stdout.split('\n')).toSorted()).toEqual(expected.toSorted());
});

test('the truth lists the simulated fusions', async () => {
  const truth = parseTruth(await readFile(cohort.truth, 'utf8'));
  const bySample = Object.fromEntries(
    truth.map(({ sample, expect: hope, fusions }) => [sample, [hope, fusions.length]]),
  );
  expect(bySample).toMatchObject({
    good: ['success', 3],
    none: ['success', 0],
    'unpaired-read': ['success', 2],
    truncated: ['failure', 0],
  });
});

test('the sample sheet names every BAM', async () => {
  const [header, ...rows] = (await readFile(cohort.sampleSheet, 'utf8')).trimEnd().split('\n');
  expect(header).toBe('sample,bam,strandedness');
  expect(rows).toEqual(cohort.samples.map(({ sample }) => `${sample},bam/${sample}.bam,reverse`));
});

test('without samtools the error says what to install', async () => {
  vi.stubEnv('PATH', folder);
  const failed = makeCohort({ folder: join(folder, 'd'), samples: 1, pairs: 100 });
  await expect(failed).rejects.toMatchObject({ code: 'tool-missing', hint: expect.stringContaining('apt-get') });
  vi.unstubAllEnvs();
});
