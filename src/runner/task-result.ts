import { StepFailure } from '../pipeline/step.ts';
import { type AttemptRecord, readRecord, type RecordedFile } from '../record/attempt-record.ts';
import { isHidden, outputFoldersPrefix, succeededKey, type TaskRef } from '../record/keys.ts';
import type { Store } from '../store/store.ts';

/**
 * True if the store holds a success whose files all exist; a success with missing files is removed, so that the task
 * runs again.
 */
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

/** Key of a foreign file among a task's outputs, which makes every plan see the folder as damaged. */
async function findStranger(store: Store, { outputs }: AttemptRecord): Promise<string | undefined> {
  const own = new Set(outputs.map(({ location }) => location));
  const folder = outputs[0]?.location.replace(/[^/]*$/, '') ?? '';
  for await (const page of folder ? store.list(folder) : []) {
    const stranger = page.find(({ key }) => !own.has(key) && !isHidden(key));
    if (stranger) return stranger.key;
  }
  return undefined;
}

/** Running the task again would not help, and only the user knows what the file is for. */
export async function refuseStrangers(store: Store, ref: TaskRef): Promise<void> {
  const record = await readSuccess(store, ref);
  const stranger = record && (await findStranger(store, record));
  if (stranger === undefined) return;
  throw new StepFailure(
    'check',
    `${stranger} is in the output folder of step ${ref.step}, but is not one of its outputs`,
    {
      hint: 'Move it away: only runs write to the store.',
    },
  );
}

/** Another attempt recorded its success first: its files count, and ours are removed unless they are the same. */
export async function removeLoser(store: Store, ref: TaskRef, outputs: AttemptRecord['outputs']): Promise<void> {
  const winner = await readSuccess(store, ref);
  // Removed meanwhile, so that the task runs again: another attempt may be writing the same bytes to the same place.
  if (!winner) return;
  const kept = new Set(winner.outputs.map(({ location }) => location));
  await store.remove(outputs.map(({ location }) => location).filter((location) => !kept.has(location)));
}

/**
 * Removes what attempts published before they were killed, once another's success is on record: an attempt that is
 * still running will lose the race for the record, so its files are not needed either.
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

/**
 * Reads the record of a task's success, if there is one. A truncated record is removed: its name still means success,
 * so the task would never run again.
 * @throws PipelineError for one written by a newer version of this program, see `readRecord`
 */
export async function readSuccess(store: Store, task: TaskRef): Promise<AttemptRecord | undefined> {
  const key = succeededKey(task);
  const body = await store.read(key);
  const record = readRecord(key, body);
  if (body && !record) await store.remove([key]);
  return record;
}
