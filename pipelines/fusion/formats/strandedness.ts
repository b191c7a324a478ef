/** The terms of `kallisto quant`. */
export const STRANDEDNESS = ['rf-stranded', 'fr-stranded', 'unstranded'] as const;
export type Strandedness = (typeof STRANDEDNESS)[number];

/**
 * Words of sample sheets: kallisto's, nf-core/rnaseq's, and the library types of salmon. `auto` defers to the param.
 */
const WORDS: Readonly<Record<string, Strandedness | 'auto'>> = {
  'rf-stranded': 'rf-stranded',
  reverse: 'rf-stranded',
  ISR: 'rf-stranded',
  'fr-stranded': 'fr-stranded',
  forward: 'fr-stranded',
  ISF: 'fr-stranded',
  unstranded: 'unstranded',
  IU: 'unstranded',
  auto: 'auto',
};

/** All words that a sample sheet may use. */
export const STRANDEDNESS_WORDS = Object.keys(WORDS) as [string, ...string[]];

/** The meaning of a sample's term; the fallback applies to samples without one and to `auto`. */
export function strandednessOf(word: string | undefined, fallback: Strandedness): Strandedness {
  const meaning = WORDS[word || 'auto'];
  return meaning === undefined || meaning === 'auto' ? fallback : meaning;
}

/** kallisto's flag for it; none for an unstranded library. */
export function strandednessFlags(strandedness: Strandedness): string[] {
  return strandedness === 'unstranded' ? [] : [`--${strandedness}`];
}
