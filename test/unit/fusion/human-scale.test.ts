import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAnnotation } from '../../../pipelines/fusion/formats/annotation.ts';
import { normaliseTranscripts } from '../../../pipelines/fusion/formats/normalise-transcripts.ts';

const BENCH = join(import.meta.dirname, '../../../bench/human-scale');
const PAIRS = 2000;
const GENES = ['--genes', '150'];
let folder = '';

function make(script: string, ...options: string[]): Record<string, number> {
  return JSON.parse(execFileSync(process.execPath, [join(BENCH, script), ...options], { encoding: 'utf8' })) as never;
}

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'human-scale-'))));
afterAll(() => rmSync(folder, { recursive: true }));

test('FASTA and GTF of human scale agree like those of one release', async () => {
  const made = make('make-reference.ts', '--to', folder, ...GENES);
  const annotation = await readAnnotation(join(folder, 'annotation.gtf.gz'));
  const found = await normaliseTranscripts(join(folder, 'cdna.fa.gz'), annotation, join(folder, 'out.fa.gz'));
  expect([annotation.genes.size, annotation.transcripts.size]).toEqual([150, made['transcripts']]);
  expect(found).toMatchObject({ sequences: made['transcripts'], unannotated: 0, otherLength: 0, renamed: 0 });
});

test('a sample is a complete, sorted BAM of pairs, some with distant mates', () => {
  const bam = join(folder, 'sample.bam');
  const made = make('make-sample.ts', '--to', bam, '--pairs', String(PAIRS), ...GENES);
  const samtools = (...args: string[]): string =>
    execFileSync('samtools', args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  samtools('quickcheck', bam);
  samtools('index', bam);
  const names = samtools('view', bam)
    .trim()
    .split('\n')
    .map((line) => line.split('\t', 1)[0]);
  expect([names.length, new Set(names).size]).toEqual([2 * PAIRS, PAIRS]);
  expect(made).toMatchObject({ pairs: PAIRS });
  const count = (...flags: string[]): number => Number(samtools('view', '-c', ...flags, bam));
  expect([count('-f', '64'), count('-f', '128'), count('-f', '12')]).toEqual([
    PAIRS,
    PAIRS,
    2 * (made['unaligned'] ?? 0),
  ]);
  expect(count('-e', 'rname != rnext && rnext != "*"')).toBeGreaterThan(0);
  expect(samtools('view', '-c', '-e', 'length(seq) != 75', bam).trim()).toBe('0');
});
