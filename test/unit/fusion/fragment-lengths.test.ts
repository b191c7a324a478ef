import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fragmentQuantile, readTruncatedMeans } from '../../../pipelines/fusion/formats/fragment-lengths.ts';
import { temporaryFiles } from './temporary-files.ts';

const file = temporaryFiles();

/** Fragments by length, as kallisto counts them. */
type Histogram = ReadonlyMap<number, number>;

const histogram = fc
  .array(fc.tuple(fc.integer({ min: 40, max: 600 }), fc.integer({ min: 1, max: 500 })), {
    minLength: 1,
    maxLength: 200,
  })
  .map((entries): Histogram => new Map(entries));

/** An abundance.tsv for transcripts of these lengths, with the six digits that kallisto prints. */
function abundance(fragments: Histogram, lengths: readonly number[]): string {
  const rows = lengths.map((length, i) => {
    const effective = length - meanUpTo(fragments, length) + 1;
    return `t${i}\t${length}\t${Number((effective < 1 ? length : effective).toPrecision(6))}\t0\t0`;
  });
  return `${['target_id\tlength\teff_length\test_counts\ttpm', ...rows].join('\n')}\n`;
}

function meanUpTo(fragments: Histogram, longest: number): number {
  const fitting = [...fragments].filter(([length]) => length <= longest);
  const count = fitting.reduce((sum, [, n]) => sum + n, 0);
  return count === 0 ? 0 : fitting.reduce((sum, [length, n]) => sum + length * n, 0) / count;
}

/** First length that more than this share of fragments do not exceed: numpy's `argmax(cumsum > share)`. */
function exactQuantile(fragments: Histogram, share: number): number {
  const total = [...fragments.values()].reduce((sum, n) => sum + n, 0);
  let seen = 0;
  for (const [length, n] of [...fragments].toSorted(([a], [b]) => a - b)) {
    seen += n;
    if (seen > share * total) return length;
  }
  return Number.NaN;
}

const quantile = async (text: string) => fragmentQuantile(await readTruncatedMeans(file('abundance.tsv', text)), 0.95);
const everyLength = Array.from({ length: 1500 }, (_, i) => i + 31);

test('is exact if transcripts have every length', async () => {
  await fc.assert(
    fc.asyncProperty(histogram, async (fragments) => {
      const found = (await quantile(abundance(fragments, everyLength))) as number;
      // The share itself may be met up to the digits that kallisto prints; then the next length is as right.
      const share = [...fragments].reduce((sum, [length, n]) => sum + (length <= found ? n : 0), 0);
      const total = [...fragments].reduce((sum, [, n]) => sum + n, 0);
      expect(Math.abs(found - exactQuantile(fragments, 0.95)) < 1 || Math.abs(share / total - 0.95) < 0.002).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('is never too short if they have only some', async () => {
  const lengths = fc.uniqueArray(fc.integer({ min: 31, max: 3000 }), { minLength: 1, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(histogram, lengths, async (fragments, some) => {
      const found = await quantile(abundance(fragments, [...some, 5000]));
      if (found !== undefined) expect(found).toBeGreaterThanOrEqual(exactQuantile(fragments, 0.949));
    }),
    { numRuns: 200 },
  );
});

test('is unknown if all transcripts are long', async () => {
  expect(await quantile(abundance(new Map([[200, 5]]), [1000, 2000, 3000]))).toBeUndefined();
});
