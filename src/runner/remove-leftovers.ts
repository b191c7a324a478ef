import type { RecordedFile } from '../record/attempt-record.ts';
import { outputFoldersPrefix, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/**
 * Removes what attempts published that were killed before their record, once another's success is on record: an
 * attempt that is still at work loses the race for the record, and its files are not wanted either.
 */
export async function removeLeftovers(
  store: Store,
  task: TaskRef,
  outputs: readonly Pick<RecordedFile, 'location'>[],
): Promise<void> {
  const kept = new Set(outputs.map(({ location }) => location));
  const left: string[] = [];
  for await (const page of store.list(outputFoldersPrefix(task)))
    left.push(...page.map(({ key }) => key).filter((key) => !kept.has(key)));
  if (left.length > 0) await store.remove(left);
}
