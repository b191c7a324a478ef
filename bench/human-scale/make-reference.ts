import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { type Block, CHROMOSOMES, type HumanGene, humanGenes, type Piece, transcriptCodes } from './human-shape.ts';

// Writes FOLDER/cdna.fa.gz and FOLDER/annotation.gtf.gz of human scale, as Ensembl writes them; prints their content.
const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    seed: { type: 'string', default: '1' },
    genes: { type: 'string', default: '40000' },
  },
});
if (!values.to) throw new Error('Give --to FOLDER');
mkdirSync(values.to, { recursive: true });
const shape = { seed: Number(values.seed), genes: Number(values.genes) };
const counts = { genes: 0, transcripts: 0, bases: 0, exons: 0 };
await write(join(values.to, 'cdna.fa.gz'), fastaTexts());
await write(join(values.to, 'annotation.gtf.gz'), gtfTexts());
console.log(JSON.stringify(counts));

async function write(path: string, texts: Iterable<Buffer | string>): Promise<void> {
  await pipeline(Readable.from(batched(texts)), createGzip({ level: 1 }), createWriteStream(path));
}

function* batched(texts: Iterable<Buffer | string>): Generator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  for (const text of texts) {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    batch.push(bytes);
    size += bytes.length;
    if (size < 1 << 20) continue;
    yield Buffer.concat(batch);
    batch = [];
    size = 0;
  }
  yield Buffer.concat(batch);
}

function* fastaTexts(): Generator<Buffer | string> {
  for (const gene of humanGenes(shape)) {
    counts.genes += 1;
    for (const [i, pieces] of gene.transcripts.entries()) {
      const codes = transcriptCodes(gene, pieces);
      counts.transcripts += 1;
      counts.bases += codes.length;
      yield `>${transcriptId(gene, i)}.1 cdna chromosome:SIM:${place(gene, pieces).join(':')} gene:${geneId(gene)}.1\n`;
      yield wrapped(codes, gene.strand);
    }
  }
}

/** Lines of 60 letters along the transcript. */
function wrapped(codes: Uint8Array, strand: '+' | '-'): Buffer {
  const text = Buffer.alloc(codes.length + Math.ceil(codes.length / 60));
  for (let i = 0, at = 0; i < codes.length; i++) {
    const code = strand === '+' ? (codes[i] as number) : 3 - (codes[codes.length - 1 - i] as number);
    text[at++] = 'ACGT'.charCodeAt(code);
    if (i % 60 === 59 || i === codes.length - 1) text[at++] = 10;
  }
  return text;
}

function* gtfTexts(): Generator<string> {
  yield '#!genome-build simulated\n';
  for (const gene of humanGenes(shape)) {
    const biotype = gene.isCoding ? 'protein_coding' : 'lncRNA';
    const about = `gene_id "${geneId(gene)}"; gene_version "1"; gene_name "SIM${gene.number}"; gene_source "simulated"; gene_biotype "${biotype}";`;
    let rows = row(gene, 'gene', wholePlace(gene), about);
    for (const [i, pieces] of gene.transcripts.entries()) {
      const id = transcriptId(gene, i);
      const more = `${about} transcript_id "${id}"; transcript_version "1"; transcript_name "SIM${gene.number}-${201 + i}"; transcript_source "simulated"; transcript_biotype "${biotype}"; tag "basic";`;
      rows += row(gene, 'transcript', spanOf(gene, pieces), more);
      const inOrder = gene.strand === '+' ? pieces : pieces.toReversed();
      counts.exons += pieces.length;
      for (const [number, piece] of inOrder.entries()) {
        rows += row(
          gene,
          'exon',
          spanOf(gene, [piece]),
          `${more} exon_number "${number + 1}"; exon_id "${id}E${number + 1}";`,
        );
      }
    }
    yield rows;
  }
}

type Span = readonly [start: number, end: number];

function row(gene: HumanGene, feature: string, [start, end]: Span, attributes: string): string {
  return `${chromosomeOf(gene)}\tsimulated\t${feature}\t${start}\t${end}\t.\t${gene.strand}\t.\t${attributes}\n`;
}

function spanOf({ blocks }: HumanGene, pieces: readonly Piece[]): Span {
  const [first, last] = [pieces[0] as Piece, pieces.at(-1) as Piece];
  const at = ({ start, offset }: Block, base: number): number => start + base - offset;
  return [at(blocks[first.block] as Block, first.from), at(blocks[last.block] as Block, last.to) - 1];
}

function wholePlace(gene: HumanGene): Span {
  const last = gene.blocks.at(-1) as Block;
  return [(gene.blocks[0] as Block).start, last.start + last.length - 1];
}

function place(gene: HumanGene, pieces: readonly Piece[]): (string | number)[] {
  return [chromosomeOf(gene), ...spanOf(gene, pieces), gene.strand === '+' ? 1 : -1];
}

function chromosomeOf({ chromosome }: HumanGene): string {
  return (CHROMOSOMES[chromosome] as { name: string }).name;
}

/** Ensembl's scheme with a prefix that no species has. */
function geneId({ number }: HumanGene): string {
  return `ENSSIMG${String(number).padStart(11, '0')}`;
}

function transcriptId({ number }: HumanGene, isoform: number): string {
  return `ENSSIMT${String(number * 100 + isoform).padStart(11, '0')}`;
}
