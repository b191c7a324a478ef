import type { Store } from '../../store/store.ts';
import type { Found } from './find-garbage.ts';
import type { Garbage } from './garbage.ts';

/** S3 removes as many in one request. */
const KEYS_AT_ONCE = 1000;

/** Removes what was found. If it is cut short, the next time finds the rest. */
export async function removeGarbage(
  store: Store,
  { garbage, unfinished }: Pick<Found, 'garbage' | 'unfinished'>,
  deregister: (arn: string) => Promise<void>,
): Promise<void> {
  for (const { kind, name } of garbage) if (kind === 'unfinished') await unfinished.get(name)?.remove();
  for (const { kind, name } of garbage) if (kind === 'definition') await deregister(name);
  const keys = garbage.flatMap((found: Garbage) => found.keys);
  for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) await store.remove(keys.slice(i, i + KEYS_AT_ONCE));
}
