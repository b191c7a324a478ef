import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { makeDemoCohort, type DemoCohort, type DemoCohortOptions } from '../../../pipelines/fusion/demo/demo-cohort.ts';
import { parseTruth } from '../../../pipelines/fusion/demo/truth.ts';

// Real processes on a machine that may have other work: a test that hangs ends, a slow one does not fail.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
let root: string;
let folder: string;
let spikeInFolder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'demo-'));
  spikeInFolder = join(root, 'spike-in');
  await mkdir(spikeInFolder);
  await writeSpikeIn(spikeInFolder);
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'case-')), 'cohort');
});

/** The shape of pizzly's test data, with a single read pair. */
async function writeSpikeIn(into: string): Promise<void> {
  const read = (mate: number): string => `@SRR1659964.7.${mate}\nACGTN\n+\nIIIII\n`;
  const files = {
    'transcripts.fasta.gz': '>ENST1.1\nACGT\n',
    'transcripts.gtf.gz': '#!real\n',
    'reads_1.fastq.gz': read(1),
    'reads_2.fastq.gz': read(2),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(into, name), gzipSync(text));
}

function make(options: Partial<DemoCohortOptions> = {}): Promise<DemoCohort> {
  return makeDemoCohort({ folder, pairs: 100, ...options });
}

async function sampleNames(cohort: DemoCohort): Promise<string[]> {
  const [, ...rows] = (await readFile(cohort.sampleSheet, 'utf8')).trimEnd().split('\n');
  return rows.map((row) => row.split(',')[0]!);
}

async function madeAt(cohort: DemoCohort): Promise<number> {
  return (await stat(cohort.fasta)).ino;
}

test('has samples with fusions, one without, a broken one, and a real one', async () => {
  const cohort = await make({ spikeInFolder });
  const truth = parseTruth(await readFile(cohort.truth, 'utf8'));
  expect(truth.map(({ sample, expect: hope, fusions }) => `${sample} ${hope} ${fusions.length}`))
    .toMatchInlineSnapshot(`
    [
      "tumour-1 success 3",
      "tumour-2 success 2",
      "tumour-3 success 3",
      "tumour-4 success 2",
      "normal-1 success 0",
      "broken-1 failure 0",
      "spike-in success 9",
    ]
  `);
  expect(await sampleNames(cohort)).toEqual(truth.map(({ sample }) => sample));
  expect(cohort.notes).toMatchInlineSnapshot(`
    [
      "broken-1 is truncated on purpose: it must fail without affecting the others.",
      "spike-in is real: 744 read pairs of SRR1659964 with nine known fusions.",
    ]
  `);
  await expect(run('samtools', ['quickcheck', join(folder, 'bam/broken-1.bam')])).rejects.toMatchObject({ code: 16 });
});

test('merges the references and gives real mates one name', async () => {
  const cohort = await make({ spikeInFolder });
  expect(await readFile(cohort.fasta, 'utf8')).toMatch(/\n>ENST1\.1\nACGT\n$/);
  expect(await readFile(cohort.gtf, 'utf8')).toMatch(/;\n#!real\n$/);
  const { stdout } = await run('samtools', ['view', join(folder, 'bam/spike-in.bam')]);
  expect(stdout).toMatchInlineSnapshot(`
    "SRR1659964.7	77	*	0	0	*	*	0	0	ACGTN	IIIII	RG:Z:spike-in
    SRR1659964.7	141	*	0	0	*	*	0	0	ACGTN	IIIII	RG:Z:spike-in
    "
  `);
});

test('does nothing if complete, and repairs what is not', async () => {
  const progress: string[] = [];
  const onProgress = (line: string): void => void progress.push(line);
  const first = await make({ spikeInFolder, onProgress });
  const before = await madeAt(first);
  expect(progress).toHaveLength(7);
  expect(await make({ spikeInFolder, onProgress })).toEqual(first);
  expect(await madeAt(first)).toBe(before);
  expect(progress).toHaveLength(7);
  await truncate(first.gtf, 100);
  await make({ spikeInFolder });
  expect((await stat(first.gtf)).size).toBeGreaterThan(100);
  await make({ spikeInFolder, pairs: 200, onProgress });
  expect(progress).toHaveLength(14);
  expect(await readdir(join(folder, '..'))).toEqual(['cohort']);
});

test('works without the spike-in, reports it, and adds it once available', async () => {
  const without = await make({ spikeInFolder: join(root, 'nowhere') });
  expect(await sampleNames(without)).not.toContain('spike-in');
  expect(without.notes[1]).toMatch(/^Without the real spike-in sample/);
  expect(await sampleNames(await make({ spikeInFolder }))).toContain('spike-in');
  expect(await sampleNames(await make())).toContain('spike-in');
});

test('a cohort can be moved', async () => {
  const made = await make({ spikeInFolder });
  expect(await readFile(made.sampleSheet, 'utf8')).toMatchInlineSnapshot(`
    "sample,bam,strandedness
    tumour-1,bam/tumour-1.bam,reverse
    tumour-2,bam/tumour-2.bam,reverse
    tumour-3,bam/tumour-3.bam,reverse
    tumour-4,bam/tumour-4.bam,reverse
    normal-1,bam/normal-1.bam,reverse
    broken-1,bam/broken-1.bam,reverse
    spike-in,bam/spike-in.bam,unstranded
    "
  `);
  await rename(folder, `${folder}-moved`);
  const onProgress = (): never => expect.fail('was made again');
  const moved = await make({ folder: `${folder}-moved`, spikeInFolder, onProgress });
  expect(moved.fasta).toBe(`${folder}-moved/transcripts.fa`);
});

test('an interrupted call leaves nothing that looks complete, and the next one cleans up', async () => {
  const controller = new AbortController();
  const onProgress = (line: string): void => (line.includes('normal-1') ? controller.abort() : undefined);
  await expect(make({ onProgress, signal: controller.signal })).rejects.toThrow('aborted');
  expect(await readdir(join(folder, '..'))).toEqual([]);
  // 2^22 is above the highest process id that Linux gives.
  await mkdir(`${folder}.partial-4194305`);
  await mkdir(`${folder}.partial-${process.ppid}`);
  await make();
  expect((await readdir(join(folder, '..'))).toSorted()).toEqual(['cohort', `cohort.partial-${process.ppid}`]);
});

test('never touches a folder with something else in it', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'thesis.tex'), 'precious');
  await expect(make()).rejects.toMatchObject({ code: 'demo-folder', where: folder });
  expect(await readFile(join(folder, 'thesis.tex'), 'utf8')).toBe('precious');
});

test('reports what to do about inconsistent spike-in files', async () => {
  const broken = join(root, 'broken');
  await cp(spikeInFolder, broken, { recursive: true });
  await writeFile(join(broken, 'reads_2.fastq.gz'), gzipSync('@SRR1659964.8.2\nACGTN\n+\nIIIII\n'));
  await expect(make({ spikeInFolder: broken })).rejects.toMatchObject({
    code: 'spike-in-broken',
    cause: { message: 'Read SRR1659964.7 stands next to SRR1659964.8' },
  });
});
