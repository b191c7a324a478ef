import type { Junction, KnownFusion, SampleTruth } from './truth.ts';

/** A fusion that the pipeline reports. */
export interface FoundFusion {
  readonly geneA: string;
  readonly geneB: string;
  /** Every pair of transcripts in which it was seen. */
  readonly junctions?: readonly Junction[];
}

export interface Score {
  /** Fusions put in. */
  readonly putIn: number;
  /** Number of these that were found. */
  readonly found: number;
  /** Of those found, the ones whose known junction was reported exactly to the base. */
  readonly exact: number;
  /** Of those found, the ones whose junction is known. */
  readonly located: number;
  /** Reported, but not put in. */
  readonly wrong: number;
  /** found / putIn; `undefined` if none was put in. */
  readonly recall: number | undefined;
  /** found / (found + wrong); `undefined` if none was reported. */
  readonly precision: number | undefined;
}

export interface SampleComparison extends Score {
  readonly sample: string;
  readonly expect: SampleTruth['expect'];
  /** False if the pipeline has no result for the sample. */
  readonly finished: boolean;
  /** `GENE1--GENE2` of missed and of wrong fusions. */
  readonly missedPairs: readonly string[];
  readonly wrongPairs: readonly string[];
  readonly asExpected: boolean;
}

export interface Comparison {
  readonly samples: readonly SampleComparison[];
  /** Over all samples except those that failed as intended. */
  readonly total: Score;
  /** Everything put in was found, nothing else was, and the samples intended to fail did. */
  readonly asExpected: boolean;
}

/**
 * Compares the found fusions with those put in. The order of the genes matters; a pair reported twice counts once.
 * @param found by sample; a sample without a result is not in the map. Samples that the truth does not contain are
 * ignored.
 */
export function compareWithTruth(
  found: ReadonlyMap<string, readonly FoundFusion[]>,
  truth: readonly SampleTruth[],
): Comparison {
  const samples = truth.map((known) => compareSample(known, found.get(known.sample)));
  const counted = samples.filter(({ expect, finished }) => expect === 'success' || finished);
  return { samples, total: total(counted), asExpected: samples.every((sample) => sample.asExpected) };
}

function compareSample(truth: SampleTruth, result: readonly FoundFusion[] | undefined): SampleComparison {
  const known = new Map(truth.fusions.map((fusion) => [pairOf(fusion), fusion]));
  const reported = new Map((result ?? []).map((fusion) => [pairOf(fusion), fusion]));
  const hits = [...known].filter(([pair]) => reported.has(pair));
  const wrongPairs = [...reported.keys()].filter((pair) => !known.has(pair));
  const missedPairs = [...known.keys()].filter((pair) => !reported.has(pair));
  const finished = result !== undefined;
  return {
    sample: truth.sample,
    expect: truth.expect,
    finished,
    missedPairs,
    wrongPairs,
    asExpected: truth.expect === 'failure' ? !finished : finished && missedPairs.length + wrongPairs.length === 0,
    ...score({
      putIn: known.size,
      found: hits.length,
      exact: hits.filter(([pair, fusion]) => isExact(fusion, reported.get(pair))).length,
      located: hits.filter(([, fusion]) => fusion.junction).length,
      wrong: wrongPairs.length,
    }),
  };
}

function total(samples: readonly Score[]): Score {
  const sum = (of: (score: Score) => number): number => samples.reduce((all, one) => all + of(one), 0);
  return score({
    putIn: sum(({ putIn }) => putIn),
    found: sum(({ found }) => found),
    exact: sum(({ exact }) => exact),
    located: sum(({ located }) => located),
    wrong: sum(({ wrong }) => wrong),
  });
}

function score(counts: Omit<Score, 'recall' | 'precision'>): Score {
  const ratio = (part: number, whole: number): number | undefined => (whole === 0 ? undefined : part / whole);
  const { found, putIn, wrong } = counts;
  return { ...counts, recall: ratio(found, putIn), precision: ratio(found, found + wrong) };
}

function pairOf({ geneA, geneB }: KnownFusion | FoundFusion): string {
  return `${geneA}--${geneB}`;
}

function isExact({ junction }: KnownFusion, found: FoundFusion | undefined): boolean {
  const text = (j: Junction): string => [j.transcriptA, j.endA, j.transcriptB, j.startB].join(' ');
  return junction !== undefined && (found?.junctions ?? []).some((other) => text(other) === text(junction));
}
