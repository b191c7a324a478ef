/**
 * What is no longer needed:
 * - `definition`: a job definition of ours that no job and no image in use refers to
 * - `bundle`: runner and pipeline of runs that are over
 * - `leftover`: outputs of attempts that were killed or beaten before their record
 * - `scratch`: outputs that only later steps read, of runs that ended long ago; their records stay
 * - `unfinished`: uploads or files that a writer left when it died
 */
export type GarbageKind = 'definition' | 'bundle' | 'leftover' | 'scratch' | 'unfinished';

/** One thing that can go, whole. */
export interface Garbage {
  kind: GarbageKind;
  /** Pipeline and step, or what else it belongs to: what a reader wants to see together. */
  group: string;
  /** Key of an object, prefix of a folder of outputs, ARN of a job definition, name of an upload. */
  name: string;
  /** Objects to be removed. */
  keys: readonly string[];
  /** Bytes. */
  size: number;
  why: string;
}

/** What could be garbage, but is not looked at now, and why. */
export interface Spared {
  what: string;
  why: string;
}

const HOUR_MS = 3_600_000;
/** Whatever is younger may belong to somebody who has not said so yet. */
export const GUARD_MS = HOUR_MS;
/** No upload of one file takes as long. */
export const UNFINISHED_MS = 24 * HOUR_MS;
export const DAY_MS = 24 * HOUR_MS;
