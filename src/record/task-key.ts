import { hash } from 'node:crypto';
import type { FailureCause } from './cause.ts';

/** Hex digits per part: 40 bits, compared only between versions of one task. */
const PART_LENGTH = 10;

/** What makes a task's result: two tasks with the same key may share it. */
export interface KeyParts {
  /** The step's code, or the version that stands for it, and its output names. */
  code: string;
  /** Image digest, or versions of the tools on PATH. */
  environment: string;
  /** The params that the step reads. */
  params: string;
  /** Identity of every input; of another step's output that task's key. */
  inputs: string;
}
export const KEY_PARTS = ['code', 'environment', 'params', 'inputs'] as const;

/**
 * 40 hex digits, ten for each part, so that two keys tell which part differs.
 * @param adopted ten digits to use for the code, where the store knows the same code by these
 */
export function taskKey(parts: KeyParts, adopted?: string): string {
  const digits = KEY_PARTS.map((part) => partDigits(parts[part]));
  if (adopted !== undefined) digits[KEY_PARTS.indexOf('code')] = adopted;
  return digits.join('');
}

/** The ten digits of a key that stand for one part. */
export function partDigits(part: string): string {
  return hash('sha256', part).slice(0, PART_LENGTH);
}

/** The digits of a key that stand for the code. */
export function codeDigits(key: string): string {
  return key.slice(0, PART_LENGTH);
}

/** The parts in which two keys of one task differ. */
export function changedParts(before: string, after: string): (keyof KeyParts)[] {
  return KEY_PARTS.filter((_, i) => {
    const range = [i * PART_LENGTH, (i + 1) * PART_LENGTH] as const;
    return before.slice(...range) !== after.slice(...range);
  });
}

/** Deterministic text of named identities, whatever the order they come in. */
export function identityLines(identities: Readonly<Record<string, string>>): string {
  return Object.keys(identities)
    .sort()
    .map((name) => `${name}\0${identities[name]}\n`)
    .join('');
}

/** Text of params for the key: names sorted, values as JSON. */
export function paramLines(params: Readonly<Record<string, unknown>>): string {
  return identityLines(
    Object.fromEntries(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)])),
  );
}

/** What a gather was given: per sample the keys that it collects, or why it is missing. */
export function gatherIdentity(members: Iterable<{ sample: string; identity: string }>): string {
  const all: string[] = [];
  for (const { sample, identity } of members) all.push(`${sample}\0${identity}\n`);
  return hash('sha256', all.join(''));
}

/** A sample that a gather goes without. */
export interface MissingMember {
  sample: string;
  step: string;
  cause: FailureCause | 'not-run';
}

/** Causes that are on record before a gather starts; others may come to light only later, when the engine is asked. */
const SAID_AT_ONCE: readonly MissingMember['cause'][] = ['tool', 'check', 'input'];

/** The key of a gather over less than everyone: it must not pass for the whole cohort's. */
export function gatherKey(planned: string, missing: readonly MissingMember[]): string {
  if (missing.length === 0) return planned;
  const lines = missing.map(({ sample, step, cause }) =>
    SAID_AT_ONCE.includes(cause) ? `${sample}\0${step}\0${cause}\n` : `${sample}\n`,
  );
  return planned.slice(0, -PART_LENGTH) + hash('sha256', planned + lines.join('')).slice(0, PART_LENGTH);
}
