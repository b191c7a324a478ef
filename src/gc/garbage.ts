/**
 * What can be removed:
 * - `definition`: one of our job definitions that no job and no image in use refers to
 * - `bundle`: runner and pipeline of finished runs
 * - `leftover`: outputs of attempts that were killed, or lost to another attempt, before their record
 * - `scratch`: outputs that only later steps read, from runs that ended long ago; their records are kept
 * - `unfinished`: uploads or files left unfinished by a writer that died
 */
export type GarbageKind = 'definition' | 'bundle' | 'leftover' | 'scratch' | 'unfinished';

/** One item, removed as a whole. */
export interface Garbage {
  kind: GarbageKind;
  /** Pipeline and step, or whatever else it is listed under. */
  group: string;
  /** Key of an object, prefix of a folder of outputs, ARN of a job definition, name of an upload. */
  name: string;
  /** Objects to be removed. */
  keys: readonly string[];
  /** Bytes. */
  size: number;
  why: string;
}

/** Possible garbage that is not examined now, and why. */
export interface Spared {
  what: string;
  why: string;
}

const HOUR_MS = 3_600_000;
/** Anything younger may belong to a process that has not recorded it yet. */
export const GUARD_MS = HOUR_MS;
/** Longer than the upload of any file takes. */
export const UNFINISHED_MS = 24 * HOUR_MS;
export const DAY_MS = 24 * HOUR_MS;
