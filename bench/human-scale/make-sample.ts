import { parseArgs } from 'node:util';
import { Random } from '../../pipelines/fusion/demo/random.ts';
import { bamHeader, Flag, MATCH, type Placed, RecordBatch } from './bam-records.ts';
import { BgzfWriter } from './bgzf.ts';
import { DistantPairs } from './distant-pairs.ts';
import { type Block, type HumanGene, humanGenes, randomCodes } from './human-shape.ts';
import { fragmentLength, type Part, placeMate, type Source, sourceOf } from './placing.ts';

// Writes a coordinate-sorted BAM of one sample of the reference that make-reference writes with the same --shape-seed
// and --genes: gene by gene in genome order, so that only the reads of one gene need sorting.
const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    name: { type: 'string', default: 'sample' },
    pairs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'shape-seed': { type: 'string', default: '1' },
    genes: { type: 'string', default: '40000' },
    'read-length': { type: 'string', default: '75' },
    // Shares of all pairs, per thousand.
    chimeras: { type: 'string', default: '5' },
    misplaced: { type: 'string', default: '15' },
    elsewhere: { type: 'string', default: '80' },
  },
});
if (!values.to || !values.pairs) throw new Error('Give --to FILE.bam --pairs N');
const seed = Number(values.seed);
const readLength = Number(values['read-length']);
const pairs = Number(values.pairs);
const genes = [...humanGenes({ seed: Number(values['shape-seed']), genes: Number(values.genes) })];
const random = Random.for(seed, `sample ${values.name}`);
const levels = expression();
const share = (thousandths: string): number => Math.floor((pairs * Number(thousandths)) / 1000);
const distant = new DistantPairs(genes, levels, {
  seed,
  readLength,
  chimeras: share(values.chimeras),
  misplaced: share(values.misplaced),
  fusions: 25,
  pairsPerFusion: Math.min(400, Math.ceil(pairs / 20_000)),
});
/** Between genes and unaligned, half of each. */
const elsewhere = share(values.elsewhere) >> 1;
const local = pairs - distant.count - 2 * elsewhere;
const batch = new RecordBatch(seed, readLength);
const writer = new BgzfWriter(values.to);
let pair = distant.count;
writer.write(bamHeader(values.name));
let written = 0;
let passed = 0;
for (const [index, gene] of genes.entries()) {
  passed += levels[index] as number;
  const upTo = index === genes.length - 1 ? local : Math.floor(local * passed);
  addLocal(gene, upTo - written);
  written = upTo;
  distant.addOf(index, batch);
  for (const record of batch.drain()) writer.write(record);
  addBetween(gene, share1(elsewhere, index));
  for (const record of batch.drain()) writer.write(record);
}
for (let i = 0; i < elsewhere; i++) {
  addUnaligned();
  if (i % 10_000 === 0) for (const record of batch.drain()) writer.write(record);
}
for (const record of batch.drain()) writer.write(record);
writer.close();
console.log(JSON.stringify({ pairs: pair, distant: distant.count, between: elsewhere, unaligned: elsewhere }));

/** Share of each gene in all reads: three in five are silent, a few have most reads. */
function expression(): Float64Array {
  const levels_ = Float64Array.from(genes, () => (random.below(5) < 3 ? 0 : 2 ** (random.bell(0, 280) / 100)));
  const sum = levels_.reduce((total, level) => total + level, 0);
  return levels_.map((level) => level / sum);
}

/** The part of `count` for the gene with this index, with equal shares. */
function share1(count: number, index: number): number {
  return Math.floor((count * (index + 1)) / genes.length) - Math.floor((count * index) / genes.length);
}

/** Pairs whose mates lie within one transcript; each further isoform is half as frequent. */
function addLocal(gene: HumanGene, count: number): void {
  const sources: (Source | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const bits = random.bits() | 0x8000_0000;
    const isoform = (31 - Math.clz32(bits & -bits)) % gene.transcripts.length;
    let source = (sources[isoform] ??= sourceOf(gene, gene.transcripts[isoform] ?? []));
    if (source.codes.length < readLength) source = sources[0] ??= sourceOf(gene, gene.transcripts[0] ?? []);
    const size = Math.min(source.codes.length, Math.max(readLength, fragmentLength(random)));
    const from = random.below(source.codes.length - size + 1);
    const part: Part = { source, from, to: from + size };
    addPair(placeMate([part], false, readLength, random), placeMate([part], true, readLength, random), Flag.proper);
  }
}

/** Pairs downstream of a gene that align to no transcript. */
function addBetween({ chromosome, blocks }: HumanGene, count: number): void {
  const last = blocks.at(-1) as Block;
  for (let i = 0; i < count; i++) {
    const position = last.start + last.length + 100 + random.below(2000);
    const mate = (at: number, isReverse: boolean): Placed => ({
      ...{ chromosome, position: at, cigar: [(readLength << 4) | MATCH] },
      ...{ bases: randomCodes(random, readLength), isReverse },
    });
    addPair(mate(position + 150, true), mate(position, false), Flag.proper);
  }
}

function addUnaligned(): void {
  const place = { chromosome: -1, position: -1, cigar: [], isReverse: false };
  const mate = (): Placed => ({ ...place, bases: randomCodes(random, readLength) });
  addPair(mate(), mate(), Flag.unmapped | Flag.mateUnmapped);
}

function addPair(first: Placed, second: Placed, flags: number): void {
  const all = Flag.paired | flags;
  const firstReverse = first.isReverse ? Flag.reverse : 0;
  const secondReverse = second.isReverse ? Flag.reverse : 0;
  batch.add(first, second, pair, all | Flag.first | firstReverse | (secondReverse << 1));
  batch.add(second, first, pair, all | Flag.second | secondReverse | (firstReverse << 1));
  pair += 1;
}
