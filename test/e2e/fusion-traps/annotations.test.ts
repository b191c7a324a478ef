import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readReferenceFacts } from '../../../pipelines/fusion/formats/reference-facts.ts';
import { reference } from '../../../pipelines/fusion/reference.ts';
import { outputOf, runStep, runToEnd } from './run-step.ts';
import { callFusions, makeSpiked, naive, naivePizzly, score, type Spiked, temporaryFolder } from './spiked.ts';

const { path: folder, remove } = temporaryFolder();
let spiked: Spiked;
let fusion: string;
let files: { fasta: string; gtf: string };
beforeAll(async () => {
  spiked = await makeSpiked(folder);
  fusion = outputOf((await callFusions(join(folder, 'sound'), spiked.reference, spiked)).kallisto, 'fusion');
  files = { fasta: readFileSync(spiked.fasta, 'utf8'), gtf: readFileSync(spiked.gtf, 'utf8') };
});
afterAll(remove);

const EXACT = { putIn: 3, found: 3, exact: 3, wrong: 0 };
const NOTHING = { putIn: 3, found: 0, exact: 0, wrong: 0 };
const rows = (gtf: string): string[] => gtf.split('\n').filter((row) => row !== '' && !row.startsWith('#'));
const without = (gtf: string, feature: string): string =>
  `${rows(gtf)
    .filter((row) => row.split('\t')[2] !== feature)
    .join('\n')}\n`;
/** Ids with their versions in them, as GENCODE has them. */
const dotted = (gtf: string): string =>
  gtf.replace(
    /(gene|transcript)_id "([^"]+)";((?:(?!gene_id|transcript_id).)*?) ?\1_version "(\d+)";/g,
    '$1_id "$2.$4";$3',
  );

interface Variant {
  fasta?: string | Buffer;
  gtf?: string | Buffer;
  /** Ends of the file names. */
  gzip?: boolean;
}

function write(name: string, { fasta = files.fasta, gtf = files.gtf, gzip = false }: Variant) {
  const end = gzip ? '.gz' : '';
  const paths = { fasta: join(folder, `${name}.fa${end}`), gtf: join(folder, `${name}.gtf${end}`) };
  writeFileSync(paths.fasta, fasta);
  writeFileSync(paths.gtf, gtf);
  return paths;
}

/** pizzly as the original calls it, on the files as they are. */
async function bare(name: string, variant: Variant) {
  const prefix = join(folder, `${name}.naive`);
  const { exitCode } = await naive(naivePizzly({ ...write(`${name}-bare`, variant), prefix, fusion }));
  return { exitCode, json: `${prefix}.json` };
}

/** All three steps on the files. */
async function whole(name: string, variant: Variant, params: Readonly<Record<string, unknown>> = {}) {
  const made = await runToEnd(reference, { folder: join(folder, `${name}-ref`), inputs: write(name, variant) });
  const { pizzly } = await callFusions(join(folder, name), made, spiked, params);
  return { facts: readReferenceFacts(outputOf(made, 'facts')), pizzly };
}

async function refused(name: string, variant: Variant): Promise<string | undefined> {
  const { failure } = await runStep(reference, { folder: join(folder, `${name}-ref`), inputs: write(name, variant) });
  expect(failure?.reason).toBe('input');
  return failure?.message;
}

describe('annotations on which pizzly aborts', () => {
  test.each([
    ['without gene rows', 'no-genes', (gtf: string) => without(gtf, 'gene')],
    ['without transcript rows', 'no-transcripts', (gtf: string) => without(gtf, 'transcript')],
    [
      'with every row twice',
      'twice',
      (gtf: string) =>
        `${rows(gtf)
          .flatMap((row) => [row, row])
          .join('\n')}\n`,
    ],
    ['in the opposite order', 'backwards', (gtf: string) => `${rows(gtf).toReversed().join('\n')}\n`],
  ])('%s', async (_, name, change) => {
    const gtf = change(files.gtf);
    expect((await bare(name, { gtf })).exitCode).not.toBe(0);
    const { pizzly } = await whole(name, { gtf });
    expect(pizzly.failure).toBeUndefined();
    expect(score(spiked.sample, outputOf(pizzly, 'json'))).toEqual(EXACT);
  });

  test('with transcripts that the FASTA lacks', async () => {
    const lost = spiked.sample.fusions[0]?.junction?.transcriptA as string;
    const fasta = files.fasta
      .split(/^(?=>)/m)
      .filter((record) => !record.startsWith(`>${lost} `))
      .join('');
    expect((await bare('lost', { fasta })).exitCode).not.toBe(0);
    const { facts, pizzly } = await whole('lost', { fasta });
    expect(facts.gtf.withoutSequence).toBe(1);
    expect(pizzly.failure).toBeUndefined();
  });
});

describe('annotations with which pizzly finds nothing and reports success', () => {
  const withoutBiotypes = (gtf: string): string => gtf.replace(/ (gene|transcript)_biotype "[^"]*";/g, '');

  test('without biotypes: the step reports it, or is configured to ignore it', async () => {
    const gtf = withoutBiotypes(files.gtf);
    const naively = await bare('biotypes', { gtf });
    expect([naively.exitCode, score(spiked.sample, naively.json)]).toEqual([0, NOTHING]);
    const { pizzly } = await whole('biotypes', { gtf });
    expect([pizzly.failure?.reason, pizzly.failure?.hint]).toEqual([
      'input',
      'Give a GTF with gene_biotype and transcript_biotype, or say -p ignoreProtein=true.',
    ]);
    const ignoring = await whole('biotypes-ignored', { gtf }, { ignoreProtein: true });
    expect(score(spiked.sample, outputOf(ignoring.pizzly, 'json'))).toEqual(EXACT);
  });

  test('with RefSeq’s word for a coding transcript', async () => {
    const gtf = files.gtf.replaceAll('transcript_biotype "protein_coding"', 'transcript_biotype "mRNA"');
    expect(score(spiked.sample, (await bare('refseq', { gtf })).json)).toEqual(NOTHING);
    const { pizzly } = await whole('refseq', { gtf });
    expect(score(spiked.sample, outputOf(pizzly, 'json'))).toEqual(EXACT);
  });

  test('with a character in the names that pizzly cannot read', async () => {
    const rename = (text: string): string => text.replaceAll('ENSSIMT', 'rna-ENSSIMT');
    const variant = { fasta: rename(files.fasta), gtf: rename(files.gtf) };
    const { facts, pizzly } = await whole('characters', variant);
    expect(facts.fasta.renamed).toBe(facts.fasta.sequences);
    expect(pizzly.observed.metrics['fusions']).toBe(3);
    expect(readFileSync(outputOf(pizzly, 'fasta'), 'utf8')).toMatch(/^>rna_ENSSIMT\d+/);
  });
});

describe('annotations that work as well', () => {
  const gencodeFasta = (fasta: string): string =>
    fasta.replace(/^>(\S+) .*gene:(\S+).*$/gm, '>$1|$2|-|-|x|x|1|protein_coding|');
  const gencodeGtf = (gtf: string): string => dotted(gtf).replace(/_biotype/g, '_type');

  test.each<[string, string, () => Variant]>([
    [
      'GENCODE’s, gzipped',
      'gencode',
      () => ({
        fasta: gzipSync(gencodeFasta(files.fasta)),
        gtf: gzipSync(gencodeGtf(files.gtf)),
        gzip: true,
      }),
    ],
    [
      'with Windows line ends',
      'crlf',
      () => ({
        fasta: files.fasta.replaceAll('\n', '\r\n'),
        gtf: files.gtf.replaceAll('\n', '\r\n'),
      }),
    ],
    ['without gene names', 'nameless', () => ({ gtf: files.gtf.replace(/ gene_name "[^"]*";/g, '') })],
    [
      'with versions in the FASTA only',
      'versions',
      () => ({ gtf: files.gtf.replace(/ (gene|transcript)_version "\d+";/g, '') }),
    ],
    ['with versions in the GTF only', 'no-versions', () => ({ fasta: files.fasta.replace(/^>(\w+)\.\d+/gm, '>$1') })],
  ])('%s', async (_, name, variant) => {
    const { pizzly } = await whole(name, variant());
    expect(pizzly.failure).toBeUndefined();
    expect(pizzly.observed.metrics['fusions']).toBe(3);
  });
});

describe('references that cannot be used', () => {
  test('FASTA and GTF of different releases', async () => {
    const fasta = files.fasta.replace(
      /^>(\w+)\.(\d+)/gm,
      (_, id: string, version: string) => `>${id}.${Number(version) + 1}`,
    );
    expect(await refused('releases', { fasta })).toMatch(
      /^reference: releases\.gtf has other versions of (\d+) of the FASTA file's \1 transcripts \(ENSSIMT\S+ and ENSSIMT\S+\)$/,
    );
  });

  test('a FASTA of something else', async () => {
    const fasta = files.fasta.replaceAll('>ENSSIMT', '>NM_');
    expect(await refused('strangers', { fasta })).toMatch(
      /does not know (\d+) of the FASTA file's \1 transcripts, such as NM_/,
    );
  });

  test('a FASTA with a name twice', async () => {
    expect(await refused('repeated', { fasta: files.fasta + files.fasta })).toMatch(/has two sequences called ENSSIMT/);
  });

  test('exons that do not match the sequences', async () => {
    const gtf = files.gtf.replace(/\texon\t(\d+)\t/g, (_, start: string) => `\texon\t${Number(start) - 7}\t`);
    expect(await refused('lengths', { gtf })).toMatch(
      /has exons of other lengths than the sequences of \d+ of \d+ transcripts/,
    );
  });

  test('GFF3 named GTF', async () => {
    const gtf = '##gff-version 3\n1\tx\tgene\t1\t9\t.\t+\t.\tID=gene:G1;Name=G\n';
    expect(await refused('gff3', { gtf })).toMatch(
      /^reference: gff3\.gtf line 2: this is GFF3; convert it first: gffread/,
    );
  });

  test('a truncated download', async () => {
    const gtf = gzipSync(files.gtf).subarray(0, 2000);
    expect(await refused('cut', { gtf, gzip: true, fasta: gzipSync(files.fasta) })).toBe(
      'reference: cut.gtf.gz ends in the middle: it is a truncated gzip file',
    );
  });

  test('swapped files', async () => {
    expect(await refused('swapped', { fasta: files.gtf, gtf: files.fasta })).toMatch(/swapped\.gtf has no transcripts/);
  });
});
