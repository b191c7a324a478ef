import { StepFailure } from '../pipeline/step.ts';
import type { AttemptRecord, RecordedFile } from '../record/attempt-record.ts';
import { isHidden, outputFoldersPrefix, succeededKey, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';
import { readSuccess } from './read-success.ts';

/** True if the store holds a success whose files are all still there; one whose files are not is taken away, to be made again. */
export async function isDone(store: Store, ref: TaskRef): Promise<boolean> {
  const record = await readSuccess(store, ref);
  if (!record) return false;
  const heads = await Promise.all(
    record.outputs.map(async ({ location, size }) => (await store.head(location))?.size === size),
  );
  if (heads.every(Boolean)) return (await findStranger(store, record)) === undefined;
  await store.remove([succeededKey(ref)]);
  return false;
}

/** Key of a file that lies among a task's outputs and is none: to every plan its folder looks damaged. */
async function findStranger(store: Store, { outputs }: AttemptRecord): Promise<string | undefined> {
  const own = new Set(outputs.map(({ location }) => location));
  const folder = outputs[0]?.location.replace(/[^/]*$/, '') ?? '';
  for await (const page of folder ? store.list(folder) : []) {
    const stranger = page.find(({ key }) => !own.has(key) && !isHidden(key));
    if (stranger) return stranger.key;
  }
  return undefined;
}

/** Doing the task again would not help, and only the user knows what the file is for. */
export async function refuseStrangers(store: Store, ref: TaskRef): Promise<void> {
  const record = await readSuccess(store, ref);
  const stranger = record && (await findStranger(store, record));
  if (stranger === undefined) return;
  throw new StepFailure('check', `${stranger} lies among the outputs of step ${ref.step} and is none of them`, {
    hint: 'Move it away: the store is for what runs write.',
  });
}

/** Another attempt recorded its success first: its files count, and ours go unless they are the very same. */
export async function removeLoser(store: Store, ref: TaskRef, outputs: AttemptRecord['outputs']): Promise<void> {
  const winner = await readSuccess(store, ref);
  // Taken away meanwhile, to be made again: who does that may be writing the same bytes to the same place.
  if (!winner) return;
  const kept = new Set(winner.outputs.map(({ location }) => location));
  await store.remove(outputs.map(({ location }) => location).filter((location) => !kept.has(location)));
}

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
