import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { reverseComplement } from './bases.ts';
import { qualitiesOf, type Mate, type ReadPair } from './reads.ts';

/** Writes the reads as sequenced: two gzipped FASTQ files, mates under the same name. */
export async function writeFastqPair(
  [first, second]: readonly [string, string],
  pairs: Iterable<ReadPair>,
): Promise<void> {
  const texts: [string[], string[]] = [[], []];
  for (const pair of pairs) {
    texts[0].push(fastqRecord(pair.name, pair.first));
    texts[1].push(fastqRecord(pair.name, pair.second));
  }
  await Promise.all([writeFile(first, gzipSync(texts[0].join(''))), writeFile(second, gzipSync(texts[1].join('')))]);
}

function fastqRecord(name: string, mate: Mate): string {
  const bases = mate.reversed ? reverseComplement(mate.bases) : mate.bases;
  return `@${name}\n${bases}\n+\n${qualitiesOf(mate)}\n`;
}
