import { readAbundance } from './abundance.ts';

/** kallisto counts no fragments of this length or longer (MAX_FRAG_LEN in src/MinCollector.h). */
const MAX_FRAGMENT = 1000;

/** By transcript length, from the longest to the shortest: the mean length of the fragments that fit into it. */
export type TruncatedMeans = readonly { length: number; mean: number }[];

/**
 * Fragment lengths derived from `abundance.tsv`. kallisto subtracts from a transcript's length the mean length of those
 * fragments that fit into it (src/weights.cpp): `effective = length - mean(length) + 1`.
 */
export async function readTruncatedMeans(abundance: string): Promise<TruncatedMeans> {
  const means = new Map<number, number>();
  let shortestLong = Number.POSITIVE_INFINITY;
  for await (const rows of readAbundance(abundance)) {
    for (const { length, effectiveLength } of rows) {
      // All long transcripts share one mean; six digits are printed, so the shortest of them gives it most precisely.
      if (length >= MAX_FRAGMENT) shortestLong = Math.min(shortestLong, length);
      if (length <= shortestLong) means.set(Math.min(length, MAX_FRAGMENT), length + 1 - effectiveLength);
    }
  }
  return [...means].map(([length, mean]) => ({ length, mean })).toSorted((a, b) => b.length - a.length);
}

/**
 * The shortest length that is proven to be at least as long as this share of all fragments; `undefined` if no
 * transcript is short enough.
 *
 * With C(l) the share of fragments up to length l and m(l) their mean, C(b)·m(b) = C(a)·m(a) + (C(b) − C(a))·x, where
 * x, the mean of fragments longer than a and up to b, lies between a + 1 and b. So C(a) = C(b)·(x − m(b)) / (x − m(a)),
 * which is least for x = a + 1. Going down from the longest transcript (C = 1) this bounds C at every transcript
 * length; where each length occurs, as in whole transcriptomes, the bound is the value itself.
 */
export function fragmentQuantile(means: TruncatedMeans, share: number): number | undefined {
  let answer: number | undefined;
  let least = 1;
  let longer = means[0];
  for (const shorter of means) {
    const x = shorter.length + 1;
    least *= Math.max(0, Math.min(1, (x - (longer ?? shorter).mean) / (x - shorter.mean)));
    if (least <= share) break;
    if (shorter.length < MAX_FRAGMENT) answer = shorter.length;
    longer = shorter;
  }
  return answer;
}
