import { changedParts, KEY_PARTS, type KeyParts } from '../record/task-key.ts';
import { type Held, heldState, lastFailure } from '../record/held.ts';

/** Why a task runs. */
export type Reason =
  | { code: 'new' }
  | { code: 'failed'; cause: string }
  | { code: 'damaged' }
  | { code: 'removed' }
  | { code: 'changed'; parts: readonly (keyof KeyParts)[]; before: string };

/** Why a task that the plan runs is not up to date, from key names alone. */
export function explain(held: Held, step: string, sample: string, key: string): Reason {
  const heldStep = held.get(step);
  const state = heldState(heldStep, sample, key);
  if (state === 'damaged' || state === 'removed') return { code: state };
  const failure = lastFailure(heldStep, sample, key);
  if (failure) return { code: 'failed', cause: failure.cause };
  const before = nearest(heldStep?.samples.get(sample)?.succeeded ?? [], key);
  return before === undefined ? { code: 'new' } : { code: 'changed', parts: changedParts(before, key), before };
}

/** The earlier key that shares the most parts with this one, so that the latest change is reported. */
function nearest(earlier: readonly string[], key: string): string | undefined {
  return earlier.reduce<string | undefined>((best, candidate) => {
    if (best === undefined) return candidate;
    return changedParts(candidate, key).length < changedParts(best, key).length ? candidate : best;
  }, undefined);
}

/** One short phrase: `params changed`. */
export function reasonText(reason: Reason): string {
  switch (reason.code) {
    case 'new':
      return 'never run';
    case 'failed':
      return `failed before (${reason.cause})`;
    case 'damaged':
      return 'an output is missing or changed';
    case 'removed':
      return 'its files were removed';
    case 'changed':
      return `${KEY_PARTS.filter((part) => reason.parts.includes(part))
        .map(partText)
        .join(' and ')} changed`;
  }
}

function partText(part: keyof KeyParts): string {
  return part === 'environment' ? 'tools' : part;
}
